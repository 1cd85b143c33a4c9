/* SPDX-License-Identifier: GPL-2.0 */
#ifndef TKM_BENCH_CLOCK_H
#define TKM_BENCH_CLOCK_H

#include <time.h>

/* Microseconds of a clock that nobody sets. */
static inline long long clock_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000LL + now.tv_nsec / 1000;
}

#endif
