"""What was found out about two clocks, in words and as JSON."""

from __future__ import annotations

import json
import math

from hipdrive.analysis.profile import Profile
from hipdrive.analysis.sync import COM, EVENTS, MANUAL, Sync, doubt
from hipdrive.report.document import plain
from hipdrive.trial import Trial

METHOD_WORDS = {
    "com": "height of the centre of mass, by plates and by camera",
    "events": "events that both saw",
    "one_event": "one event that both saw: drift cannot be seen",
    "manual": "as said",
    "exposure": "the camera's own line, an edge for each exposure",
    "led_code": "the lamp that both saw, by its code",
    "chirp": "a chirp that both heard",
    "clap": "a clap that both heard",
}


def told(found: Sync, p: Profile) -> list[str]:
    """What was found, for a coach."""
    clock = found.clock
    lines = [f"offset    {clock.offset:+.4f} s ± {1e3 * found.u95:.1f} ms (95 %), added to the motion's times"]
    if found.notes and "drift_fixed" in found.notes:
        lines.append(f"drift     taken as 0 ± {1e6 * found.drift_u95:.0f} ppm: the record is too short to measure it")
    elif math.isfinite(found.drift_u95):
        lines.append(f"drift     {1e6 * found.drift:+.0f} ± {1e6 * found.drift_u95:.0f} ppm")
    if clock.method != MANUAL:
        lines.append(f"residual  {1e3 * clock.residual_rms:.1f} ms")
    if clock.method == COM:
        white, slow, tau = found.noise
        lines.append(f"heights   scale {found.scale:.3f}; the camera errs by {1e3 * white:.1f} mm from frame to frame "
                     f"and by {1e3 * slow:.0f} mm over {tau:.2f} s")  # fmt: skip
    return [*lines, f"method    {METHOD_WORDS[clock.method]}", f"verdict   {verdict(found, p)}"]


def verdict(found: Sync, p: Profile) -> str:
    """What this clock is good for, in one sentence."""
    clock = found.clock
    if doubt(clock, p.motion_sync_max):
        return (f"too uncertain to say what joints do at an instant of the force (standard error "
                f"{1e3 * clock.standard_error:.1f} ms, at most {1e3 * p.motion_sync_max:.0f} ms): use a light or "
                "a trigger that both record; delays between joints do not need this clock")  # fmt: skip
    if clock.method == EVENTS and clock.residual_rms > p.sync_residual_warn:
        return (f"the events do not lie on one line ({1e3 * clock.residual_rms:.1f} ms, at most "
                f"{1e3 * p.sync_residual_warn:.0f} ms): check which event belongs to which")  # fmt: skip
    if abs(found.drift) > p.sync_drift_warn:
        return (f"good, but the clocks drift by {1e6 * found.drift:.0f} ppm: check the frame rate, which may be 59.94 "
                "and not 60")  # fmt: skip
    if clock.method == EVENTS and clock.residual_rms > p.sync_residual_pass:
        return f"usable; the events scatter by {1e3 * clock.residual_rms:.1f} ms"
    return "good: joints and force can be read at the same instant"


def document(trial: Trial, found: Sync, p: Profile) -> str:
    """Everything, as one JSON object."""
    clock = found.clock
    told = {"format": "hipdrive-sync", "version": 1, "file": trial.file, "method": clock.method,
            "sync_offset": {"value": clock.offset, "unit": "s", "u95": found.u95},
            "sync_drift": {"value": found.drift, "unit": "1", "u95": found.drift_u95},
            "sync_residual_rms": {"value": clock.residual_rms, "unit": "s"},
            "standard_error": clock.standard_error, "slope": clock.slope,
            "scale": {"value": found.scale, "unit": "1", "u95": found.scale_u95},
            "frames": len(found.times), "pairs": found.pairs, "notes": list(found.notes),
            "usable": not doubt(clock, p.motion_sync_max), "verdict": verdict(found, p)}  # fmt: skip
    return json.dumps(plain(told), indent=1, allow_nan=False)
