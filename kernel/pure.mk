# SPDX-License-Identifier: GPL-2.0
# The files that touch no TPM, lock, key or clock: the module, the library, the host
# tests and the fuzzers are built with them.
pure := optparse consumer record state der blob chain policy_digest marshal wire crypt
pure += approval tpm_errno encoding certificate recovery
