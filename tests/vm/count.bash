# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# TPM commands by swtpm's own log: what came, whatever the module says it sent.
# Needs lib.sh, and a TPM of its own (tpm_start NAME).
#
#   commands_sent NAME COMMAND...   runs it, prints the names of the commands
#                                   that came meanwhile, on one line

# "SWTPM_IO_Read: length N", then the bytes in hex, sixteen a line: the code is
# in bytes 6 to 9.
commands_in()
{
	awk '
	BEGIN {
		n = split("131 CreatePrimary 120 EvictControl 153 Create 157 Load " \
			"150 ObjectChangeAuth 154 ECDH_ZGen 159 RSA_Decrypt 15d Sign 18a TestParms " \
			"15e Unseal 161 ContextLoad 162 ContextSave " \
			"165 FlushContext 16b PolicyAuthValue 171 PolicyOR " \
			"173 ReadPublic 176 StartAuthSession 17e PCR_Read " \
			"17f PolicyPCR 17a GetCapability 17b GetRandom", word, " ")
		for (i = 1; i < n; i += 2)
			name[word[i]] = word[i + 1]
	}
	wanted {
		code = tolower(substr($9 $10, 2))
		printf "%s%s", sent++ ? " " : "", code in name ? name[code] : "0x" code
		wanted = 0
	}
	/SWTPM_IO_Read: length/ { wanted = 1 }
	END { print "" }'
}

# The kernel asks the TPM for random numbers when it likes: not ours. Asking for
# handles is what checks do.
commands_sent()
{
	local log size

	log=$(tpm_log "$1")
	shift
	size=$(stat -c %s "$log")
	"$@" > /dev/null
	# Who asked has the answer before the last flush. The chip is free after it.
	keyop handles > /dev/null
	tail -c +$((size + 1)) "$log" | commands_in |
		sed -E 's/\b(GetRandom|GetCapability)\b ?//g; s/ $//'
}
