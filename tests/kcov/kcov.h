/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of the loop offer one another. The head of loop.c says what it
 * is for.
 *
 * A program is a few calls. A call has a kind, a key and a ring (slots, below),
 * a number, and three texts, and is written as one line:
 *
 *	add 0 0 0 "new len=64" "a:b" ""
 *
 * Slots are what makes a program the same in every run, whatever the serial
 * numbers: 0 to 5 are what the call of that place gave, 16 and more the worker's
 * base keys, 48 and more those of the next worker. Of rings 0 is the worker's own,
 * 1 to 4 are @p @t @u @us, and 5 and more the key of that slot and five. In a text,
 *
 *	{k17}			the serial number of a slot
 *	{h3 EDIT...} {d3 ...}	a chain in hex, or in DER, with edits (chain.c); from
 *				BLOBS on an area, an approval, or what is on its way
 *	{o1 EDIT...}		what call 1 put out
 *	{x40000}		so many letters
 *
 * and anything else in braces is what it is.
 */
#ifndef TKM_TESTS_KCOV_H
#define TKM_TESTS_KCOV_H

#include "vm.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define CALLS	6
#define TEXTS	3
#define TEXT	512		/* bytes of a call's text */
#define EXPANDED 40000		/* and of what it stands for */
#define WORKERS	3
#define BASES	16
#define CHAINS	40		/* base keys', others, and what is no chain: */
#define BLOBS	25		/* from here: areas, approvals, moves */

#define SLOT_BASE	16
#define SLOT_FOREIGN	48
#define SLOTS		64
#define RINGS		(5 + SLOTS)

struct text_bytes {
	uint16_t n;
	uint8_t b[TEXT];
};

struct call {
	uint8_t kind, key, ring;
	int32_t number;
	struct text_bytes text[TEXTS];
};

struct program {
	unsigned int n;
	struct call call[CALLS];
};

/* In which state the TPM is while a program runs. */
enum phase { PHASE_GONE, PHASE_CALM, PHASE_HOSTILE };

/* ---- random.c: one stream of numbers a worker ---- */

void random_seed(uint64_t seed);
uint32_t random_below(uint32_t n);
static inline bool random_one_in(uint32_t n)
{
	return !random_below(n);
}
static inline const char *random_of(const char *const *list, size_t n)
{
	return list[random_below(n)];
}

/* ---- program.c: made, changed, written and read ---- */

/* Of the base keys, by number, which is their chain's too; "" where none is. */
extern const char *const base_names[BASES];
void program_words(const char *path);
void program_make(struct program *p, bool for_tpm);
void program_change(struct program *p, const struct program *other);
/* NUL-terminated, into @out of @size; cut off when it is too long. */
void program_write(const struct program *p, char *out, size_t size);
/* The next program in a file; false at its end. */
bool program_read(FILE *f, struct program *p, int *worker, enum phase *phase);

/* ---- call.c: run ---- */

extern const unsigned int call_count;
const char *call_name(unsigned int kind);
int call_kind(const char *name);

struct bytes {
	uint8_t *p;
	size_t n;
};

/* What a worker is given, and what running leaves. */
struct machine {
	int worker;
	enum phase phase;
	FILE *script_in;		/* the hostile TPM's */
	int script_out;
	serial_t base[BASES];
	const serial_t *foreign;	/* the next worker's */
	struct bytes chain[CHAINS];
	/* Of the program at hand: */
	long result[CALLS];
	int error[CALLS];
	uint8_t out[CALLS][1024];
	size_t out_n[CALLS];
	bool armed, made, no_chip;
	bool strict;			/* spare what tkm looks after handles with */
	serial_t work;			/* what ring 0 is */
};

void call_run(struct machine *m, const struct program *p, unsigned int i);
/* One line of the script, and its answer, or NULL when that is an error. */
const char *machine_say(struct machine *m, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void machine_chip(struct machine *m, bool there);
void machine_meet(struct machine *m, const char *socket_path);

/* ---- netlink.c: messages of the family ---- */

long netlink_call(uint32_t what, const char *text, size_t n);
void netlink_close(void);

/* ---- chain.c: edits of DER ---- */

/* @start with edits, for which there are @chains: into @out of @size. */
size_t chain_edit(struct bytes start, const struct bytes *chains,
		  const char *edits, uint8_t *out, size_t size);
/* The text of one more edit, at random. */
size_t chain_edit_make(char *out, size_t size);

/* ---- cover.c: KCOV ---- */

void cover_open(void);		/* as root, before the worker is someone else */
void cover_open_remote(void);	/* as who outlives the workers, before they are */
void cover_on(void);
void cover_begin(void);
/* Blocks and edges that were never seen before, by this call. */
unsigned int cover_end(void);
/* The same of what tkm's own workers did for anyone since it was asked last. */
unsigned int cover_remote(void);
/* A thing that no block shows, as an errno: 1 when it is new. */
unsigned int cover_note(uint32_t what);

/* Two values that differed, and their length. */
struct compared {
	uint64_t one, other;
	unsigned int len;
};

/* Between them it is comparisons that are recorded, if the kernel knows how. */
bool cover_compare_begin(void);
unsigned int cover_compare_end(struct compared *list, unsigned int max);

extern unsigned int cover_blocks, cover_edges;
extern uint8_t *cover_seen;	/* a bit a block, COVER_BYTES */
#define COVER_BYTES (1 << 16)

/* ---- hint.c: what was compared, put in the place of each other ---- */

/* False when @p has nothing of it where it was looked for. */
bool hint_apply(struct program *p, const struct bytes *chains,
		const struct compared *c);

/* ---- worker.c: runs programs, as it is told ---- */

#define LAST	64	/* programs that are remembered */

enum order { ORDER_NONE, ORDER_SETUP, ORDER_RUN, ORDER_CLEAN, ORDER_REPLAY };

struct last {
	enum phase phase;
	struct program p;
};

/* What a worker tells; only it writes there. */
struct told {
	pid_t pid;
	unsigned int done;		/* the order that it has done */
	unsigned long programs, with_tpm, calls, corpus, edges;
	unsigned long errors[256];
	serial_t base[BASES];
	char finding[1024];
	unsigned long n_last;
	struct last last[LAST];
	uint8_t seen[COVER_BYTES];
};

/* What all of them see; the leader writes the orders. */
struct shared {
	unsigned int number;		/* of the order; a new one is an order */
	enum order order;
	enum phase phase;
	unsigned int programs;
	bool strict;
	bool stop;
	uint64_t seed;
	const char *socket, *data;
	struct told worker[WORKERS];
};

extern struct shared *shared;
extern const unsigned int worker_uids[WORKERS];

/* From a report or a log; how many there are. */
unsigned int worker_read_replayed(const char *path);
enum phase worker_replayed_phase(unsigned int i);
/* In a process of its own; never comes back. */
void worker_run(int number);
unsigned int shared_load(const unsigned int *p);

/* ---- kmsg.c: the kernel's log ---- */

void kmsg_open(void);
/* The line that says a bug, or NULL. */
const char *kmsg_trouble(void);

#endif
