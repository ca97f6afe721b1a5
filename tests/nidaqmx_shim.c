/* A driver small enough to be read: what NI's client asks of libnidaqmx.so to sample analogue voltages, and no more.
 *
 * The stand-in in hipdrive/acquisition/simulated takes the place of the library inside Python. This one is a library,
 * found by the client's own loader, so ctypes, its calling convention and the release of Python's lock are the real
 * ones as well. One device, Dev1, whose inputs see the ramp: count = (sample + 1000 * channel) mod 65536 - 32768.
 * Time stands still until shim_set("advance", seconds), so every answer is known, or with SHIM_REAL_TIME=1 it does not.
 * Numbers are those of NIDAQmx.h.
 *
 *   gcc -O2 -Wall -Wextra -Werror -shared -fPIC -Wl,-soname,libnidaqmx.so -o libnidaqmx.so nidaqmx_shim.c -lpthread
 *
 * The SONAME is what ctypes.util.find_library looks for.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef int32_t i32;
typedef uint32_t u32;
typedef uint64_t u64;

enum { INPUTS = 64, CONTINUOUS = 10123, FINITE = 10178, VOLTAGE_INPUT = 10100 };
enum {
    OVERWRITTEN = -200279, TIMEOUT = -200284, PAST_THE_END = -200278, GONE = -201003, NO_DEVICE = -200220,
    NO_CHANNEL = -200170, NO_TASK = -200088, NO_PROPERTY = -200452, NO_VALUE = -200077, TOO_FAST = -200081,
    SMALL_ARRAY = -200229
};

typedef struct Task {
    struct Task *next;
    char name[64];
    i32 channels, mode, running, ended;
    i32 input[INPUTS];
    double limit[INPUTS], rate, started;
    u64 per_channel, buffer, position, final;
} Task;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of all that follows */
static Task *tasks;
static u32 unnamed;
static double told, max_rate = 1e6;
static i32 free_run, real_time, present = 1;
static int64_t unplug_at = -1;
static __thread char said[512]; /* the driver, too, keeps the last error for each thread */

static i32 fail(i32 code, const char *text) {
    snprintf(said, sizeof said, "%s\n\nStatus Code: %d", text, code);
    return code;
}

static i32 gone(void) {
    return fail(GONE, "Device cannot be accessed. Device is no longer present in the system, or is not powered.");
}

static i32 no_property(void) {
    return fail(NO_PROPERTY, "Specified property is not supported by the device or is not applicable to the task.");
}

static double clock_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double now(void) {
    return real_time ? clock_s() : told;
}

static double from_environment(const char *name, double otherwise) {
    const char *text = getenv(name);
    return text ? atof(text) : otherwise;
}

/* For the test: facts of the device, and time. */
i32 shim_set(const char *name, double value) {
    i32 known = 0;
    pthread_mutex_lock(&lock);
    if (!strcmp(name, "advance")) told += value;
    else if (!strcmp(name, "free_run")) free_run = (i32)value;
    else if (!strcmp(name, "max_rate")) max_rate = value;
    else if (!strcmp(name, "unplug_at")) unplug_at = (int64_t)value;
    else if (!strcmp(name, "reset")) { told = 0; free_run = 0; max_rate = 1e6; unplug_at = -1; present = 1; }
    else known = -1;
    pthread_mutex_unlock(&lock);
    return known;
}

/* For programs that nobody can reach into: the command line, and the process of its own that it records in. */
__attribute__((constructor)) static void begin(void) {
    real_time = (i32)from_environment("SHIM_REAL_TIME", 0);
    unplug_at = (int64_t)from_environment("SHIM_UNPLUG_AT", -1);
}

/* With the lock held: the task of a handle, or NULL and what is said of it. */
static Task *found(void *handle) {
    for (Task *one = tasks; one; one = one->next)
        if (one == handle) return one;
    fail(NO_TASK, "Task specified is invalid or does not exist.");
    return NULL;
}

static u64 buffer_size(const Task *task) {
    if (task->buffer) return task->buffer;
    if (task->mode == FINITE) return task->per_channel;
    u64 size = task->rate <= 100 ? 1000 : task->rate <= 1e4 ? 10000 : task->rate <= 1e6 ? 100000 : 1000000;
    return size > task->per_channel ? size : task->per_channel;
}

/* Samples a channel so far; the device is gone with the sample that says so. */
static u64 acquired(const Task *task) {
    if (!task->running) return task->final;
    u64 count = free_run ? task->position + 1000000000u : (u64)((now() - task->started) * task->rate + 1e-6);
    if (task->mode == FINITE && count > task->per_channel) count = task->per_channel;
    if (unplug_at >= 0 && count >= (u64)unplug_at) {
        present = 0;
        count = (u64)unplug_at;
    }
    return count;
}

/* --- life of a task --- */

i32 DAQmxSetRuntimeEnvironment(const char *a, const char *b, const char *c, const char *d) {
    (void)a, (void)b, (void)c, (void)d;
    return 0;
}

i32 DAQmxCreateTask(const char *name, void **handle) {
    Task *task = calloc(1, sizeof *task);
    if (!task) abort();
    task->rate = 1000;
    task->per_channel = 1000;
    pthread_mutex_lock(&lock);
    if (name && *name) snprintf(task->name, sizeof task->name, "%s", name);
    else snprintf(task->name, sizeof task->name, "_unnamedTask<%u>", unnamed++);
    task->next = tasks;
    tasks = task;
    pthread_mutex_unlock(&lock);
    *handle = task;
    return 0;
}

static i32 start(Task *task) {
    if (!present) return gone();
    if (task->rate * task->channels > max_rate * 1.0001 && !free_run)
        return fail(TOO_FAST, "Sample rate exceeds the maximum sample rate for the number of channels specified.");
    task->started = now();
    task->position = task->final = 0;
    task->running = 1;
    task->ended = 0;
    return 0;
}

static void stop(Task *task) {
    if (task->running) task->final = acquired(task);
    task->ended |= task->running;
    task->running = 0;
}

i32 DAQmxStartTask(void *handle) {
    pthread_mutex_lock(&lock);
    Task *task = found(handle);
    i32 code = task ? start(task) : NO_TASK;
    pthread_mutex_unlock(&lock);
    return code;
}

i32 DAQmxStopTask(void *handle) {
    pthread_mutex_lock(&lock);
    Task *task = found(handle);
    if (task) stop(task);
    pthread_mutex_unlock(&lock);
    return task ? 0 : NO_TASK;
}

i32 DAQmxClearTask(void *handle) {
    pthread_mutex_lock(&lock);
    Task *task = found(handle), **place = &tasks;
    if (task) {
        while (*place != task) place = &(*place)->next;
        *place = task->next;
    }
    pthread_mutex_unlock(&lock);
    free(task);
    return task ? 0 : NO_TASK;
}

i32 DAQmxIsTaskDone(void *handle, u32 *done) {
    pthread_mutex_lock(&lock);
    Task *task = found(handle);
    if (task) *done = !task->running || (task->mode == FINITE && acquired(task) >= task->per_channel);
    pthread_mutex_unlock(&lock);
    return task ? 0 : NO_TASK;
}

/* --- channels and clock --- */

static i32 add(Task *task, const char *terminals, double low, double high) {
    static const double ranges[] = {0.2, 0.5, 1.0, 2.0, 5.0, 10.0};
    char device[64];
    i32 first, last, limits = sizeof ranges / sizeof *ranges, which = 0;
    i32 read = sscanf(terminals, "%63[^/]/ai%d:%d", device, &first, &last);
    if (read >= 1 && strcmp(device, "Dev1")) return fail(NO_DEVICE, "Device identifier is invalid.");
    if (read == 2) last = first;
    if (read < 2 || first < 0 || last < first || last >= INPUTS || task->channels + last - first >= INPUTS)
        return fail(NO_CHANNEL, "Physical channel specified does not exist on this device.");
    double wanted = -low > high ? -low : high;
    while (which < limits && ranges[which] < wanted * (1.0 - 1e-9)) which++;
    if (which == limits) return fail(NO_VALUE, "Requested value is not a supported value for this property.");
    for (i32 input = first; input <= last; input++) {
        task->limit[task->channels] = ranges[which];
        task->input[task->channels++] = input;
    }
    return 0;
}

i32 DAQmxCreateAIVoltageChan(void *handle, const char *terminals, const char *name, i32 config, double low, double high,
                             i32 units, const char *scale) {
    (void)name, (void)config, (void)units, (void)scale;
    pthread_mutex_lock(&lock);
    Task *task = found(handle);
    i32 code = task ? add(task, terminals, low, high) : NO_TASK;
    pthread_mutex_unlock(&lock);
    return code;
}

i32 DAQmxCfgSampClkTiming(void *handle, const char *source, double rate, i32 edge, i32 mode, u64 per_channel) {
    (void)source, (void)edge;
    pthread_mutex_lock(&lock);
    Task *task = found(handle);
    i32 code = task ? 0 : NO_TASK;
    if (task && (rate <= 0 || (mode != CONTINUOUS && mode != FINITE)))
        code = fail(NO_VALUE, "Requested value is not a supported value for this property.");
    if (!code) task->rate = rate, task->mode = mode, task->per_channel = per_channel;
    pthread_mutex_unlock(&lock);
    return code;
}

/* --- samples --- */

/* With the lock held, and given free while waiting: how many samples can be taken, and what is to be said of it. */
static i32 take(Task *task, u64 wanted, double timeout, u64 *samples) {
    double end = clock_s() + (timeout < 0 ? 1e9 : timeout);
    *samples = 0;
    for (;;) {
        u64 count = acquired(task), there = count - task->position;
        if (!free_run && task->mode == CONTINUOUS && there > buffer_size(task))
            return fail(OVERWRITTEN, "The application is not able to keep up with the hardware acquisition.\n"
                        "The requested sample was previously available, but has since been overwritten.");
        *samples = there < wanted ? there : wanted;
        if (there >= wanted) return 0;
        if (!present) return *samples = 0, gone();
        if (!task->running || (task->mode == FINITE && count >= task->per_channel))
            return fail(PAST_THE_END, "Attempted to read a sample beyond the final sample acquired.");
        if (clock_s() >= end)
            return fail(TIMEOUT, "Some or all of the samples requested have not yet been acquired.");
        pthread_mutex_unlock(&lock);
        nanosleep(&(struct timespec){0, 500000}, NULL);
        pthread_mutex_lock(&lock);
    }
}

i32 DAQmxReadBinaryI16(void *handle, i32 wanted, double timeout, u32 by_scan, int16_t *out, u32 size, i32 *read,
                       u32 *reserved) {
    (void)reserved;
    pthread_mutex_lock(&lock);
    Task *task = found(handle);
    u64 samples = 0;
    i32 code = task ? 0 : NO_TASK, channels = task ? task->channels : 1;
    if (wanted < 0) wanted = (i32)(size / (u32)channels);
    if (task && (u64)wanted * (u64)channels > size) code = fail(SMALL_ARRAY, "Buffer is too small to fit read data.");
    if (!code && !task->running && !task->ended) code = start(task); /* a read starts the task */
    if (!code) {
        code = take(task, (u64)wanted, timeout, &samples);
        /* a short read leaves the channels packed at the beginning of the array, as NI's does */
        for (i32 c = 0; c < channels; c++)
            for (u64 i = 0; i < samples; i++)
                out[by_scan ? i * (u64)channels + (u64)c : (u64)c * samples + i] =
                    (int16_t)((i32)((task->position + i + 1000u * (u64)task->input[c]) % 65536u) - 32768);
        task->position += samples;
    }
    pthread_mutex_unlock(&lock);
    *read = (i32)samples;
    return code;
}

/* --- attributes: a text or an array is asked for its size first, with a size of 0 --- */

static i32 give_text(va_list *rest, const char *text) {
    char *out = va_arg(*rest, char *);
    u32 size = va_arg(*rest, u32);
    if (!size) return (i32)strlen(text) + 1;
    snprintf(out, size, "%s", text);
    return 0;
}

#define GIVE(type, value) (*va_arg(rest, type *) = (type)(value), 0)

static void input_names(char *out, size_t size, const i32 *inputs, i32 count) {
    size_t used = 0;
    *out = 0;
    for (i32 i = 0; i < count && used < size; i++)
        used += (size_t)snprintf(out + used, size - used, "%sDev1/ai%d", i ? ", " : "", inputs ? inputs[i] : i);
}

i32 DAQmxGetSystemInfoAttribute(i32 attribute, ...) {
    va_list rest;
    va_start(rest, attribute);
    pthread_mutex_lock(&lock);
    i32 code = attribute == 0x193B ? give_text(&rest, present ? "Dev1" : "")
             : attribute == 0x1272 ? GIVE(u32, 25)
             : attribute == 0x1923 || attribute == 0x2F22 ? GIVE(u32, 0)
                                                           : no_property();
    pthread_mutex_unlock(&lock);
    va_end(rest);
    return code;
}

i32 DAQmxGetDeviceAttribute(const char *device, i32 attribute, ...) {
    char names[1024];
    va_list rest;
    va_start(rest, attribute);
    input_names(names, sizeof names, NULL, INPUTS);
    pthread_mutex_lock(&lock);
    i32 code = strcmp(device, "Dev1") ? fail(NO_DEVICE, "Device identifier is invalid.")
             : !present               ? gone()
             : attribute == 0x0631    ? give_text(&rest, "stand-in")
             : attribute == 0x0632    ? GIVE(u32, 0x1A2B3C)
             : attribute == 0x22CA    ? GIVE(u32, 1)
             : attribute == 0x231E    ? give_text(&rest, names)
                                      : no_property();
    pthread_mutex_unlock(&lock);
    va_end(rest);
    return code;
}

i32 DAQmxGetTaskAttribute(void *handle, i32 attribute, ...) {
    char names[1024];
    va_list rest;
    va_start(rest, attribute);
    pthread_mutex_lock(&lock);
    Task *task = found(handle);
    if (task) input_names(names, sizeof names, task->input, task->channels);
    i32 code = !task                ? NO_TASK
             : attribute == 0x1276 ? give_text(&rest, task->name)
             : attribute == 0x1273 ? give_text(&rest, names)
             : attribute == 0x2181 ? GIVE(u32, task->channels)
                                   : no_property();
    pthread_mutex_unlock(&lock);
    va_end(rest);
    return code;
}

/* c0..c3, as the stand-in has them: a little different for each channel, reaching 5 % beyond the range. */
static i32 give_scaling(va_list *rest, i32 input, double limit) {
    double *out = va_arg(*rest, double *), scale = 1.05 * limit / 32768.0;
    u32 size = va_arg(*rest, u32);
    if (!size) return 4;
    if (size < 4) return fail(SMALL_ARRAY, "Buffer is too small to fit read data.");
    out[0] = scale * (2.0 + input);
    out[1] = scale * (1.0 + 1e-4 * (input + 1));
    out[2] = -3e-6 * scale / 32768.0;
    out[3] = 5e-6 * scale / (32768.0 * 32768.0);
    return 0;
}

i32 DAQmxGetChanAttribute(void *handle, const char *channel, i32 attribute, ...) {
    va_list rest;
    va_start(rest, attribute);
    pthread_mutex_lock(&lock);
    Task *task = found(handle);
    i32 input = -1, place = 0, code = NO_TASK;
    if (task && channel && sscanf(channel, "Dev1/ai%d", &input) == 1)
        while (place < task->channels && task->input[place] != input) place++;
    if (task)
        code = input < 0 || place == task->channels ? fail(NO_CHANNEL, "Channel specified is not in this task.")
             : attribute == 0x187F ? GIVE(i32, VOLTAGE_INPUT)
             : attribute == 0x18F5 ? give_text(&rest, channel)
             : attribute == 0x1815 ? GIVE(double, task->limit[place])
             : attribute == 0x1816 ? GIVE(double, -task->limit[place])
             : attribute == 0x22DA ? GIVE(u32, 16)
             : attribute == 0x1930 ? give_scaling(&rest, input, task->limit[place])
                                   : no_property();
    pthread_mutex_unlock(&lock);
    va_end(rest);
    return code;
}

i32 DAQmxGetTimingAttribute(void *handle, i32 attribute, ...) {
    va_list rest;
    va_start(rest, attribute);
    pthread_mutex_lock(&lock);
    Task *task = found(handle);
    double convert = task ? task->rate * task->channels * 4.0 : 0.0;
    i32 code = !task                ? NO_TASK
             : attribute == 0x1344 ? GIVE(double, task->rate)
             : attribute == 0x1848 ? GIVE(double, convert < max_rate ? convert : max_rate)
                                   : no_property();
    pthread_mutex_unlock(&lock);
    va_end(rest);
    return code;
}

i32 DAQmxGetReadAttribute(void *handle, i32 attribute, ...) {
    va_list rest;
    va_start(rest, attribute);
    pthread_mutex_lock(&lock);
    Task *task = found(handle);
    i32 code = !task                ? NO_TASK
             : attribute == 0x217B ? GIVE(u32, task->channels)
             : attribute == 0x1223 ? GIVE(u32, acquired(task) - task->position)
             : attribute == 0x1221 ? GIVE(u64, task->position)
             : attribute == 0x192A ? GIVE(u64, acquired(task))
                                   : no_property();
    pthread_mutex_unlock(&lock);
    va_end(rest);
    return code;
}

i32 DAQmxGetBufferAttribute(void *handle, i32 attribute, ...) {
    va_list rest;
    va_start(rest, attribute);
    pthread_mutex_lock(&lock);
    Task *task = found(handle);
    i32 code = !task ? NO_TASK : attribute == 0x186C ? GIVE(u32, buffer_size(task)) : no_property();
    pthread_mutex_unlock(&lock);
    va_end(rest);
    return code;
}

i32 DAQmxSetBufferAttribute(void *handle, i32 attribute, ...) {
    va_list rest;
    va_start(rest, attribute);
    pthread_mutex_lock(&lock);
    Task *task = found(handle);
    i32 code = !task ? NO_TASK : attribute == 0x186C ? 0 : no_property();
    if (!code) task->buffer = va_arg(rest, u32);
    pthread_mutex_unlock(&lock);
    va_end(rest);
    return code;
}

/* --- what was said --- */

i32 DAQmxGetErrorString(i32 code, char *out, u32 size) {
    if (!size) return 64;
    snprintf(out, size, "Shim error %d", code);
    return 0;
}

i32 DAQmxGetExtendedErrorInfo(char *out, u32 size) {
    if (!size) return (i32)strlen(said) + 1;
    snprintf(out, size, "%s", said);
    return 0;
}
