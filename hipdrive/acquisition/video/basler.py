"""Cameras of Basler by pypylon (`pip install 'hipdrive[basler]'`): device times, block numbers, hardware trigger.

The exposure output of the camera (ExposureActive on a line) belongs on a counter of the force device: then every frame
has its time on the force's clock (WIRING.md).
"""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np

from hipdrive.acquisition.video.camera import CameraEnd, CameraFacts, CameraLost, Frame
from hipdrive.errors import UsageError

TICKS = 1e9
"""Of the clock in a second, where the camera does not tell: USB cameras stamp in ns."""

BUFFERS = 50


def _pylon() -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # its import crashes where a warning about SWIG's types is an error
            from pypylon import pylon
    except ImportError:
        raise UsageError("extra", "cameras of Basler need pypylon; install it with: pip install "
                         "'hipdrive[basler]'") from None  # fmt: skip
    return pylon


def serials() -> tuple[tuple[str, str], ...]:
    """Serial number and model of the cameras that are there; none without pypylon."""
    try:
        devices = _pylon().TlFactory.GetInstance().EnumerateDevices()
    except UsageError:
        return ()
    return tuple((str(one.GetSerialNumber()), str(one.GetModelName())) for one in devices)


class BaslerCamera:
    """A camera by its serial number, or the first one.

    rate : pictures a second of a camera that runs freely. exposure : s.
    size : (width, height) of the part of the sensor that is read.
    trigger : line by which each picture is started, such as `Line1`; "" lets it run freely.
    strobe : line on which it tells that it exposes, such as `Line2`; "" leaves lines as they are.
    """

    def __init__(
        self,
        serial: str = "",
        *,
        rate: float | None = None,
        exposure: float | None = None,
        size: tuple[int, int] | None = None,
        trigger: str = "",
        strobe: str = "",
    ) -> None:
        self.serial = serial
        self._asked = (rate, exposure, size, trigger, strobe)
        self._camera: Any = None
        self._facts: CameraFacts | None = None
        self._ticks = TICKS
        self._stopped = False

    @property
    def name(self) -> str:
        """As `cameras.camera` takes it."""
        return f"basler:{self.serial}" if self.serial else "basler"

    def open(self) -> CameraFacts:
        """Take hold of it and set it up.

        Raises
        ------
        UsageError : it is not there, in use, or cannot film so; or pypylon is missing.
        """
        pylon = _pylon()
        factory = pylon.TlFactory.GetInstance()
        found = [one for one in factory.EnumerateDevices() if self.serial in ("", one.GetSerialNumber())]
        if not found:
            raise UsageError("camera_unknown", f"{self.name}: there is no such camera; `hipdrive cameras` lists those "
                             "that are there")  # fmt: skip
        try:
            self._camera = pylon.InstantCamera(factory.CreateDevice(found[0]))
            self._camera.Open()
            self._set_up()
        except pylon.GenericException as why:
            self.close()
            raise UsageError("camera_setup", f"{self.name}: the camera cannot be set up so ({_line(why)}); close other "
                             "programs, or change rate, exposure or size") from None  # fmt: skip
        self.serial = str(found[0].GetSerialNumber())
        exposure = self._value(("ExposureTime", "ExposureTimeAbs")) / 1e6
        size = (int(self._camera.Width.Value), int(self._camera.Height.Value))
        rate = self._value(("ResultingFrameRate", "ResultingFrameRateAbs", "AcquisitionFrameRateAbs"))
        if self._asked[3] and self._asked[0]:
            rate = self._asked[0]  # it comes from outside
        self._ticks = self._value(("GevTimestampTickFrequency",), TICKS)
        emulated = found[0].GetDeviceClass() == "BaslerCamEmu"
        self._facts = CameraFacts(name=self.name, size=size, rate=rate, exposure=exposure, readout=0.0,
                                  stamped=not emulated, numbered=True,
                                  identity={"model": str(found[0].GetModelName()), "serial": self.serial,
                                            "driver": "pypylon"})  # fmt: skip
        return self._facts

    def _set_up(self) -> None:
        rate, exposure, size, trigger, strobe = self._asked
        if size is not None:
            self._put(("Width",), size[0])
            self._put(("Height",), size[1])
        if exposure is not None:
            self._put(("ExposureTime", "ExposureTimeAbs"), 1e6 * exposure)
        if rate is not None and not trigger:
            self._put(("AcquisitionFrameRateEnable",), True)
            self._put(("AcquisitionFrameRate", "AcquisitionFrameRateAbs"), rate)
        if trigger:
            self._put(("TriggerSelector",), "FrameStart")
            self._put(("TriggerSource",), trigger)
            self._put(("TriggerMode",), "On")
        if strobe:
            self._put(("LineSelector",), strobe)
            self._put(("LineMode",), "Output")
            self._put(("LineSource",), "ExposureActive")

    def _put(self, names: Iterable[str], value: Any) -> None:
        """Set the first of some features that the camera has."""
        for name in names:
            if hasattr(self._camera, name):
                getattr(self._camera, name).Value = value
                return
        raise UsageError("camera_setup", f"{self.name}: this camera has no {'/'.join(names)}; leave that setting out")

    def _value(self, names: Iterable[str], otherwise: float = math.nan) -> float:
        for name in names:
            if hasattr(self._camera, name):
                try:
                    return float(getattr(self._camera, name).Value)
                except _pylon().GenericException:
                    continue
        return otherwise

    def start(self) -> None:
        """Film; pictures wait in the driver's buffers until they are read."""
        pylon = _pylon()
        self._stopped = False
        try:
            self._camera.MaxNumBuffer.Value = BUFFERS
            self._camera.StartGrabbing(pylon.GrabStrategy_OneByOne)
        except pylon.GenericException as why:
            raise UsageError("camera_setup", f"{self.name}: the camera cannot start ({_line(why)}); close other "
                             "programs that use it") from None  # fmt: skip

    def read(self, timeout: float) -> Frame | None:
        """The next picture; one that came damaged is missing."""
        pylon = _pylon()
        if self._stopped:
            raise CameraEnd
        try:
            result = self._camera.RetrieveResult(max(1, round(1e3 * timeout)), pylon.TimeoutHandling_Return)
        except pylon.GenericException as why:
            if self._stopped:
                raise CameraEnd from None
            raise CameraLost("camera_lost", f"{self.name}: the camera is gone ({_line(why)}); check cable and power, "
                             "and record again") from None  # fmt: skip
        arrived = time.monotonic_ns()
        if result is None or not result.IsValid():
            return None
        try:
            return self._frame(result, arrived) if result.GrabSucceeded() else None
        finally:
            result.Release()

    def _frame(self, result: Any, arrived: int) -> Frame:
        assert self._facts is not None
        stamp = float(result.TimeStamp) / self._ticks if self._facts.stamped else math.nan
        return Frame(image=_picture(result), number=int(result.BlockID), t_device=stamp, t_host_ns=arrived,
                     exposure=self._facts.exposure)  # fmt: skip

    def stop(self) -> None:
        """Take no more."""
        self._stopped = True

    def close(self) -> None:
        """Let go of it."""
        self._stopped = True
        if self._camera is not None:
            self._camera.Close()  # ends a grab, too


def _picture(result: Any) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Grey as it is, all else as RGB."""
    pylon = _pylon()
    if pylon.IsMono(result.PixelType) and pylon.BitDepth(result.PixelType) == 8:
        return np.array(result.Array, dtype=np.uint8)
    converter = pylon.ImageFormatConverter()
    grey = pylon.IsMono(result.PixelType)
    converter.OutputPixelFormat = pylon.PixelType_Mono8 if grey else pylon.PixelType_RGB8packed
    return np.array(converter.Convert(result).Array, dtype=np.uint8)


def _line(why: BaseException) -> str:
    return " ".join(str(why).split())[:150]
