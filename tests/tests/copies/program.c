/* Two libraries in one program, each with a copy of the crate. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define LIBRARY(name)                 \
    bool name##_start(size_t);        \
    double name##_inc(double, double); \
    uint64_t name##_count(void);      \
    uint64_t name##_overflow(void);

LIBRARY(one)
LIBRARY(two)

int main(void) {
    if (!one_start(65536) || !two_start(0)) return 1;
    one_inc(1, 2);
    for (int i = 0; i < 3; i++) two_inc(1, 2);
    one_inc(1, 2);
    printf("%d %d %d\n", (int)one_count(), (int)two_count(), (int)(one_overflow() + two_overflow()));
}
