// SPDX-License-Identifier: GPL-2.0
/*
 * Values of registers. Those of now are in sysfs, for anybody to read.
 */
#include <glob.h>
#include <stdlib.h>

#include "values.h"
#include "tkm.h"

static const u16 banks[BANKS] = { TPM_ALG_SHA1, TPM_ALG_SHA256, TPM_ALG_SHA384,
				  TPM_ALG_SHA512 };

int bank_of(u16 alg)
{
	int i;

	for (i = 0; i < BANKS; i++)
		if (banks[i] == alg)
			return i;
	return -1;
}

u16 bank_alg(int bank)
{
	return banks[bank];
}

/* ---- said ------------------------------------------------------------------------ */

int values_say(struct values *values, const char *text)
{
	char name[8] = "";
	unsigned int number;
	int bank, n = 0;
	size_t size;

	if (sscanf(text, "%7[a-z0-9]:%2u=%n", name, &number, &n) != 2 || !n ||
	    number >= REGISTERS)
		return -EINVAL;
	for (bank = 0; bank < BANKS; bank++)
		if (!strcmp(tkm_hash_name(banks[bank]), name))
			break;
	if (bank == BANKS)
		return -EINVAL;
	size = tkm_hash_size(banks[bank]);
	text += n;
	if (strlen(text) != 2 * size ||
	    tkm_hex_decode(text, 2 * size, values->value[bank][number]))
		return -EINVAL;
	values->known[bank] |= (u32)BIT(number);
	return 0;
}

static int read_list(struct values *values, char *text, unsigned int *number)
{
	char *line, *rest = text;

	while ((line = strsep(&rest, "\n"))) {
		++*number;
		line += strspn(line, " \t");
		line[strcspn(line, " \t\r#")] = 0;
		if (*line && values_say(values, line))
			return -EBADMSG;
	}
	return 0;
}

int values_file(struct values *values, const char *path, unsigned int *line)
{
	uint8_t *data;
	size_t len;
	int ret;

	*line = 0;
	ret = read_input(path, EVENT_LOG_MAX, &data, &len);
	if (ret)
		return ret;
	if (memchr(data, 0, len)) {
		ret = values_log(values, data, len);
	} else {
		/* read_input() has room for one byte more. */
		data[len] = 0;
		ret = read_list(values, (char *)data, line);
	}
	free(data);
	return ret;
}

/* ---- now ----------------------------------------------------------------------------- */

static int read_register(u16 bank, unsigned int number, u8 *out)
{
	size_t size = tkm_hash_size(bank);
	char pattern[64], text[2 * TKM_HASH_MAX + 1] = "";
	glob_t found;
	FILE *f;
	int ret;

	snprintf(pattern, sizeof(pattern), "/sys/class/tpm/tpm*/pcr-%s/%u",
		 tkm_hash_name(bank), number);
	ret = glob(pattern, 0, NULL, &found);
	f = ret ? NULL : fopen(found.gl_pathv[0], "re");
	globfree(&found);
	if (!f)
		return -ENODEV;
	ret = fscanf(f, "%128[0-9A-Fa-f]", text) == 1 &&
	      strlen(text) == 2 * size ? tkm_hex_decode(text, 2 * size, out) :
					 -EBADMSG;
	fclose(f);
	return ret;
}

int values_now(struct values *values, const struct tkm_pcrs *pcrs)
{
	int bank = bank_of(pcrs->bank), ret;
	unsigned int i;

	if (bank < 0)
		return -EBADMSG;
	for (i = 0; i < REGISTERS; i++) {
		if (!(pcrs->mask & ~values->known[bank] & BIT(i)))
			continue;
		ret = read_register(pcrs->bank, i, values->value[bank][i]);
		if (ret)
			return ret;
		values->known[bank] |= (u32)BIT(i);
	}
	return 0;
}

bool values_digest(const struct values *values, const struct tkm_pcrs *pcrs,
		   u8 digest[32])
{
	struct tkm_piece pieces[REGISTERS];
	int bank = bank_of(pcrs->bank);
	size_t n = 0;
	unsigned int i;

	if (bank < 0 || (pcrs->mask & ~values->known[bank]))
		return false;
	for (i = 0; i < REGISTERS; i++)
		if (pcrs->mask & BIT(i))
			pieces[n++] = (struct tkm_piece){
				values->value[bank][i],
				tkm_hash_size(pcrs->bank),
			};
	tkm_sha256(pieces, n, digest);
	return true;
}
