// SPDX-License-Identifier: GPL-2.0
/* Numbers that a seed gives again: splitmix64. */
#include "kcov.h"

static uint64_t state;

void random_seed(uint64_t seed)
{
	state = seed;
}

static uint64_t next(void)
{
	uint64_t z = state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

uint32_t random_below(uint32_t n)
{
	return (next() >> 32) * n >> 32;
}
