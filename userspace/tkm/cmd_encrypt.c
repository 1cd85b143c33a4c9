// SPDX-License-Identifier: GPL-2.0
/*
 * tkm encrypt and decrypt: files with a data key made for crypt, short messages
 * with an RSA key (and points with an EC key).
 */
#include <linux/tkm.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sealed.h"

static const struct option options[] = {
	{ "aad", required_argument, NULL, OPT_AAD },
	{ "enc", required_argument, NULL, OPT_ENC },
	{ "hash", required_argument, NULL, OPT_HASH },
	OUT_OPTIONS, COMMON_OPTIONS, END_OPTIONS,
};

struct work {
	struct use use;
	libtkm_serial key;
	struct libtkm_key shown;
	char info[1200];
	const char *path;
};

static int prepare(int argc, char **argv, struct work *w)
{
	int c, ret;

	while ((c = next_option(argc, argv, options)) != -1)
		use_option(&w->use, c, optarg);
	want_words(argc, 1, 2);
	w->path = argv[optind + 1];
	ret = want_key(argv[optind], &w->key, &w->shown);
	if (ret)
		return ret;
	use_encrypting(&w->use, &w->shown, w->info, sizeof(w->info));
	return DONE;
}

static int in_failed(const struct work *w, int err)
{
	return failed(err, w->path ? w->path : "standard input");
}

static int out_failed(int err)
{
	return failed(err, out_path ? out_path : "standard output");
}

static int done(void)
{
	return json && out_path ? say_json(json_object_new_object()) : DONE;
}

/* ---- files ---------------------------------------------------------------------- */

typedef int (*whole_fn)(libtkm_serial key, const char *aad, int in,
			uint64_t size, struct output *out);

/* @mode of what comes out. */
static int whole_file(const struct work *w, int in, whole_fn whole,
		      unsigned int mode, const char *what)
{
	struct output out;
	struct stat st;
	int ret;

	ret = output_open(&out, mode);
	if (ret)
		return out_failed(ret);
	progress_begin(what);
	ret = whole(w->key, w->use.aad, in,
		    !fstat(in, &st) && S_ISREG(st.st_mode) ?
			    (uint64_t)st.st_size : 0, &out);
	progress_end();
	if (ret) {
		output_drop(&out);
		return failed_with_key(ret, w->key);
	}
	ret = output_close(&out);
	return ret ? out_failed(ret) : done();
}

/* ---- messages --------------------------------------------------------------------- */

static int message(const struct work *w, bool encrypt)
{
	uint8_t *in, *out;
	size_t len, out_len;
	int ret;

	ret = read_input(w->path, TKM_CRYPT_MAX + TKM_CRYPT_OVERHEAD, &in,
			 &len);
	if (ret)
		return in_failed(w, ret);
	ret = encrypt ? libtkm_pkey_encrypt(w->key, w->info, in, len, &out,
					    &out_len) :
			libtkm_pkey_decrypt(w->key, w->info, in, len, &out,
					    &out_len);
	explicit_bzero(in, len);
	free(in);
	if (ret)
		return failed_with_key(ret, w->key);
	ret = output_all(out, out_len, encrypt ? 0666 : 0600);
	if (encrypt)
		free(out);
	else
		libtkm_secret_free(out);
	return ret ? ret : done();
}

int cmd_encrypt(int argc, char **argv)
{
	struct work w = { .path = NULL };
	int in, ret;

	ret = prepare(argc, argv, &w);
	if (ret)
		return ret;
	want_no_terminal();
	if (w.use.enc || strcmp(w.shown.kind, "data"))
		return message(&w, true);
	in = open_input(w.path);
	if (in < 0)
		return in_failed(&w, in);
	ret = whole_file(&w, in, sealed_write, 0666, "encrypting");
	close(in);
	return ret;
}

/* With --enc gcm one bare message, else what encrypt made of a file. */
int cmd_decrypt(int argc, char **argv)
{
	struct work w = { .path = NULL };
	int in, ret;

	ret = prepare(argc, argv, &w);
	if (ret)
		return ret;
	if (w.use.enc || strcmp(w.shown.kind, "data"))
		return message(&w, false);
	in = open_input(w.path);
	if (in < 0)
		return in_failed(&w, in);
	ret = whole_file(&w, in, sealed_read, 0600, "decrypting");
	close(in);
	return ret;
}
