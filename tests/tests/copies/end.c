/* Loads a library and ends, in one of several ways, while threads of the library count.
 *
 * end return|exit|quick_exit|begun|closed FILE
 *
 * What is registered first is called last: `last` runs when the library's own handlers are done. By
 * then its threads must still count, and snapshots show it. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void *library;
static bool (*start)(size_t);
static double (*inc)(double, double);
static uint64_t (*count)(void);
static void (*keep_counting)(void);
static const char *way, *file;

/* For an end in the midst of the library's set-up. */
static bool is_setting_up;
static sem_t has_registered, may_go_on, has_counted;

/* The library finds this one before the C library's. */
int __cxa_atexit(void (*run)(void *), void *argument, void *object) {
    int (*real)(void (*)(void *), void *, void *) = dlsym(RTLD_NEXT, "__cxa_atexit");
    int answer = real(run, argument, object);
    if (is_setting_up) {
        is_setting_up = false;
        sem_post(&has_registered);
        sem_wait(&may_go_on);
    }
    return answer;
}

static void fail(const char *what) {
    fprintf(stderr, "%s: %s\n", way, what);
    _exit(1);
}

static void *set_up(void *none) {
    is_setting_up = true;
    if (!start(0)) fail("no segment");
    for (int i = 0; i < 1000; i++) inc(1, 2);
    if (count() != 1000) fail("counts are lost");
    sem_post(&has_counted);
    return none;
}

static void last(void) {
    if (!strcmp(way, "closed")) return;
    if (!strcmp(way, "begun")) {
        sem_post(&may_go_on);
        sem_wait(&has_counted);
        return;
    }
    uint64_t before = count();
    if (before == 0) fail("the counts are gone");
    for (uint64_t now = before; now < before + 1000; ) {
        uint64_t next = count();
        if (next < now) fail("counts are lost");
        now = next;
    }
}

static void close_library(void) {
    if (dlclose(library) != 0) fail("not closed");
    if (dlopen(file, RTLD_NOW | RTLD_NOLOAD)) fail("still loaded");
}

static void *end(void *none) {
    exit(0);
    return none;
}

static void *count_once(void *none) {
    inc(1, 2);
    return none;
}

static void *name(const char *what) {
    void *found = dlsym(library, what);
    if (!found) fail(what);
    return found;
}

int main(int argc, char **argv) {
    if (argc != 3) return 2;
    way = argv[1], file = argv[2];
    library = dlopen(file, RTLD_NOW);
    if (!library) fail(dlerror());
    *(void **)&start = name("two_start");
    *(void **)&inc = name("two_inc");
    *(void **)&count = name("two_count");
    *(void **)&keep_counting = name("two_keep_counting");
    atexit(last);
    at_quick_exit(last);
    pthread_t thread;
    if (!strcmp(way, "begun")) {
        sem_init(&has_registered, 0, 0);
        sem_init(&may_go_on, 0, 0);
        sem_init(&has_counted, 0, 0);
        pthread_create(&thread, NULL, set_up, NULL);
        sem_wait(&has_registered);
        return 0;
    }
    if (!start(0)) fail("no segment");
    if (!strcmp(way, "closed")) {
        /* Before the library's own handlers, as a destructor of a plugin host may. */
        pthread_create(&thread, NULL, count_once, NULL);
        pthread_join(thread, NULL);
        atexit(close_library);
        return 0;
    }
    keep_counting();
    while (count() < 1000) continue;
    if (!strcmp(way, "quick_exit")) quick_exit(0);
    if (!strcmp(way, "exit")) {
        pthread_create(&thread, NULL, end, NULL);
        for (;;) pause();
    }
    return 0;
}
