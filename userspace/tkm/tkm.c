// SPDX-License-Identifier: GPL-2.0
/*
 * The command: a table of verbs, and what all of them have in common.
 */
#include "tkm.h"

static const struct verb verbs[] = {
	{ "new", cmd_new, "make a key", "[OPTION...] DESCRIPTION [WORD...]",
	  "Makes a key under the TPM, and prints its serial number. DESCRIPTION is\n"
	  "\"application:label\". The words are those of tkm-keys(7):\n"
	  "\n"
	  "  data|rsa|ec  len=32 bits=2048 curve=p256  use=publish,crypt,sign,decrypt\n"
	  "  pcrs=sha256:7+11  policy=NAME  not-before=DATE not-after=DATE  parent=srk\n"
	  "\n"
	  "  -k, --keyring RING  where it is put: @s unless said, @u, @us, @p, a number\n"
	  "  -o, --out FILE      write its chain there (PEM), which is all there is of it\n"
	  "  -f, --force         ... even if it exists\n"
	  "  --approver FILE     class=portable: who lets it move, a public key in PEM, or\n"
	  "                      %tkm:KEY, a key of yours that signs, and tkmd keeps\n"
	  AUTH_HELP },
	{ "load", cmd_load, "load a key that the helper keeps",
	  "[OPTION...] DESCRIPTION...",
	  "Has the helper give the chain of each, and prints their serial numbers.\n"
	  "\n"
	  "  -k, --keyring RING  where it is put: @s unless said, @u, @us, @p, a number\n" },
	{ "import", cmd_import, "load a key from a file; write a chain, or a public half",
	  "[OPTION...] FILE [DESCRIPTION]",
	  "Takes a chain, or a TSS2 key of another tool, as PEM, DER or hex; - is\n"
	  "standard input. Prints the key's serial number. A chain knows its own\n"
	  "description, a single (flat) key needs one.\n"
	  "\n"
	  "  -k, --keyring RING  where it is put: @s unless said, @u, @us, @p, a number\n"
	  AUTH_HELP },
	{ "export", cmd_export, NULL,
	  "[OPTION...] KEY [FILE]",
	  "The chain is the key, encrypted by the TPM: it opens only there. A flat key\n"
	  "is one that tpm2-openssl and other tools load.\n"
	  "\n"
	  "  --form pem|der|hex  pem unless said\n"
	  "  --public            the public key instead, as other programs know it\n"
	  "  --stored            the chain that the helper keeps\n"
	  "  -f, --force         overwrite FILE\n" },
	{ "list", cmd_list, "list the keys that you can see", "[OPTION...]",
	  "Serial number, state, kind, policy, description.\n"
	  "\n"
	  "  --stored            those that the helper keeps, with their ids\n"
	  "  --all               ... of all users, for root\n" },
	{ "show", cmd_show, "show all there is to know of a key",
	  "[OPTION...] KEY",
	  "  --stored            what the helper keeps under that name, or id\n" },
	{ "reseal", cmd_reseal, "give a data key another policy",
	  "[OPTION...] KEY [WORD...]",
	  "Seals the same data under a new policy, in a new chain. What is not named\n"
	  "stays; registers are bound at their values of now. Words:\n"
	  "\n"
	  "  pcrs=LIST|none  policy=NAME|none  auth=none\n"
	  "\n"
	  "  -o, --out FILE      write the new chain there (PEM)\n"
	  "  -f, --force         ... even if it exists\n" AUTH_HELP },
	{ "state", cmd_state, "tell a key's state, or set another",
	  "[OPTION...] KEY [STATE]",
	  "STATE is pre-active, active, suspended, deactivated, compromised or\n"
	  "destroyed. Which may follow which, and what each allows, is in tkm-keys(7).\n"
	  "There is no way back from destroyed.\n"
	  "\n"
	  "  --stored            of the key that the helper keeps under that name, or id\n" },
	{ "remove", cmd_remove, "have the helper forget a key",
	  "[OPTION...] KEY",
	  "A key that is loaded stays loaded. Without its chain it never comes back, so\n"
	  "export it first if it may be needed.\n"
	  "\n"
	  "  --yes               yes, forget it\n" },
	{ "sign", cmd_sign, "sign a file", "[OPTION...] KEY [FILE]",
	  "Writes the signature of FILE, or of standard input.\n"
	  "\n"
	  "  --hash HASH         sha256 (unless said), sha384, sha512\n"
	  "  --enc ENCODING      EC: x962 (unless said) or raw; RSA: pkcs1 (unless\n"
	  "                      said) or pss\n"
	  "  --digest            what is given is the digest already\n" OUT_HELP },
	{ "verify", cmd_verify, "check a signature, or what a machine says of itself",
	  "[OPTION...] KEY SIGNATURE [FILE] | EVIDENCE",
	  "Signature: nothing is said, and it ends with 0 when the signature in the file\n"
	  "SIGNATURE is the key's, with 1 when it is not.\n"
	  "  --hash HASH, --enc ENCODING, --digest    as for sign\n"
	  "\n"
	  "Evidence, without a TPM: prints \"accepted\" and what is known by it, or\n"
	  "\"refused\" and the first check that failed; ends with 0, or 3. tkm-attest(8)\n"
	  "tells all.\n"
	  "  --nonce HEX         the question that was asked\n"
	  "  --policy FILE       what is acceptable\n"
	  "  --pcrs LIST         the registers that were asked for (once for each bank)\n"
	  "  --ak FILE|NAME      the attestation key, which is known to be a TPM's\n"
	  "  --platform NAME     that of a platform which tkmd knows (tkm platform add)\n"
	  "  --ca FOLDER         CAs, to which its endorsement key's certificate leads: in\n"
	  "  --credential FILE   what tkm platform show wrote there, or --platform's\n"
	  "  --record FILE       what was seen of it the last time, and is from now on\n"
	  "A bare quote, as tpm2_quote makes it:\n"
	  "  --message FILE --signature FILE [--values FILE]    with --ak FILE\n"
	  "  --ek FILE           the key that is above the AK\n"
	  "  --event-log FILE --ima FILE     the logs, as the kernel gives them\n"
	  "A bare certificate of a key, as tpm2_certify makes it: the same, and\n"
	  "  --key FILE          the key's chain, as tkm export writes it\n" },
	{ "encrypt", cmd_encrypt, "encrypt or decrypt a file", "[OPTION...] KEY [FILE]",
	  "With a data key made for crypt: FILE or standard input, of any size.\n"
	  "\n"
	  "  --aad HEX           associated data, which decrypt then has to know\n"
	  "  --enc ENCODING      gcm: one bare message, up to 65494 bytes;\n"
	  "                      RSA: oaep (unless said), pkcs1, raw\n"
	  "  --hash HASH         of oaep: sha256 (unless said), sha1, sha384, sha512\n"
	  OUT_HELP },
	{ "decrypt", cmd_decrypt, NULL, "[OPTION...] KEY [FILE]",
	  "What encrypt wrote, or a bare message. On standard output what comes before\n"
	  "a damage is out already when it is found: look at the exit status.\n"
	  "\n"
	  "  --aad HEX           associated data that encrypt was given\n"
	  "  --enc ENCODING      RSA: oaep (unless said), pkcs1, raw; EC: ecdh\n"
	  "  --hash HASH         of oaep: sha256 (unless said), sha1, sha384, sha512\n"
	  OUT_HELP },
	{ "publish", cmd_publish, "give a key to dm-crypt, fscrypt, eCryptfs; take it back",
	  "[OPTION...] KEY TYPE:DESCRIPTION [WORD...]",
	  "TYPE is logon, encrypted, fscrypt-provisioning, or user. Words:\n"
	  "\n"
	  "  keyring=@s  derive=LABEL len=N  format=ecryptfs\n"
	  "  reveal=every-possessor-can-read-it\n" },
	{ "unpublish", cmd_unpublish, NULL,
	  "[OPTION...] KEY [TYPE:DESCRIPTION]",
	  "All that was published from the key, or that.\n" },
	{ "policy", cmd_policy, "policies with a name, which survive updates",
	  "ACTION [OPTION...] [NAME...]",
	  "  set       define one: of registers, or of what a key approves\n"
	  "  list      list them\n"
	  "  show      show one, and its approvals\n"
	  "  approve   sign that keys under it open with these registers (authorize)\n"
	  "  digest    print the digests that are in keys, and that are approved\n"
	  "  retire    end all approvals of this epoch\n"
	  "  check     tell which keys would not open, now or after a change\n"
	  "  domain    put all keys that you make from now on under one\n"
	  "  remove    forget one, and its approvals\n"
	  "\n"
	  "tkm policy ACTION --help tells more; tkm-policy(8) tells all.\n"
	  "\n" },
	{ "platform", cmd_platform, "who this platform is, and which others are known",
	  "ACTION [OPTION...] [NAME] [FILE...]",
	  "  show       write this platform's credential, or show another\n"
	  "  challenge  check a credential, and ask its TPM\n"
	  "  answer     answer a challenge\n"
	  "  add        believe another platform\n"
	  "  serve      answer on standard input and output\n"
	  "  list       list those that are known\n"
	  "  check      check a known one again\n"
	  "  remove     forget one\n"
	  "\n"
	  "tkm platform ACTION --help tells more; tkm-platform(8) tells all.\n"
	  "\n" },
	{ "migrate", cmd_migrate, "packets of keys, from one platform to another",
	  "ACTION [OPTION...] [ARGUMENT...]",
	  "  export     write a packet for another platform\n"
	  "  show       tell what is in a packet, and from whom\n"
	  "  import     take the keys of a packet, all or none\n"
	  "  receipt    write the receipt of what was taken\n"
	  "  retire     end the keys that moved away, for a receipt\n"
	  "\n"
	  "tkm migrate ACTION --help tells more; tkm-migrate(8) tells all.\n"
	  "\n" },
	{ "backup", cmd_backup, "write a packet of keys, and take its keys again",
	  "[OPTION...] WHAT",
	  "WHAT is domain, application NAME, or key KEY, of class portable. This platform\n"
	  "opens it again, as long as tkmd has its root key; with --to the other one does.\n"
	  "\n"
	  "  --to-recovery-key FILE  for a key of tkm recovery, in shares; names the\n"
	  "                      keys that are not in it\n"
	  "  --to PLATFORM       for that one, which is known (tkm platform)\n"
	  "  --approver FILE     the private key that approves, in PEM, or %tkm:KEY\n"
	  "  --approval FILE     what it signed, somewhere else\n"
	  "  --class CLASS       portable, unless said; certified\n"
	  "  --owner USER        not yours, but that user's, for root\n" OUT_HELP AUTH_HELP },
	{ "restore", cmd_restore, NULL, "[OPTION...] FILE",
	  "Shows what is in it, asks, and takes all of it or nothing: once.\n"
	  "\n"
	  "  --recovery-share FILE  a share of the recovery key that it is for; once for\n"
	  "                      each that is needed\n"
	  "  --from FILE         by the credential of the platform that it is of (tkm\n"
	  "                      platform show), when that is dead and not known here\n"
	  "  --yes, --existing RULE, --even-so, --out FILE    as tkm migrate import\n" },
	{ "recovery", cmd_recovery, "a key for the day that the TPM is dead",
	  "new|check [OPTION...] [SHARE...]",
	  "  new        make one, and write its private half in shares\n"
	  "  check      tell whether shares give it\n"
	  "\n"
	  "tkm recovery ACTION --help tells more; tkm-migrate(8) tells all.\n"
	  "\n" },
	{ "attest", cmd_attest, "have the TPM sign what registers hold, or what a key is",
	  "nonce|quote|key KEY [OPTION...]",
	  "For who wants to know what this machine has started, or where a key is: tkm\n"
	  "verify judges it, on another one. tkm-attest(8) tells all.\n"
	  "\n"
	  "nonce: prints a new question, for who asks\n"
	  "quote, for root: the answer, with the firmware's event log, and with IMA's list\n"
	  "when PCR 10 is asked for\n"
	  "  --nonce HEX         the question\n"
	  "  --pcrs LIST         of these registers, as sha256:0+1+7; once for each bank\n"
	  "  --no-logs           without logs\n"
	  "key: the answer for a key of one's own, which says that it is in the TPM, what\n"
	  "it is and beneath which keys\n"
	  "  --nonce HEX         the question\n"
	  "of a data key with an authorisation value:\n" AUTH_HELP OUT_HELP },
	{ "check", cmd_check, "have the helper read all that it keeps",
	  "[OPTION...]",
	  "Ends with 1, and tells their ids, when keys are damaged.\n"
	  "\n"
	  "  --all               those of all users, for root\n" },
	{ "domain", cmd_domain, "guard your keys with a password, unlock and lock them",
	  "list|new|unlock|lock|passwd [OPTION...]",
	  "All of your keys together are your domain. With a password it is locked until\n"
	  "it is unlocked, and the TPM counts wrong ones.\n"
	  "\n"
	  "  list                domains with passwords, and whether they are unlocked\n"
	  "  new                 give yours a password, for keys that are made from now on\n"
	  "  unlock              for a time, or as long as the keyring lives\n"
	  "  lock                at once, wherever it was unlocked\n"
	  "  passwd              another password; keys stay as they are\n"
	  "\n"
	  "  --for TIME          90, 90s, 15m, 8h, 2d\n"
	  "  --wait              as long as one has to, after wrong passwords\n"
	  "  --memory MIB, --passes N   what a try costs: 64 MiB, 3 passes, unless said\n"
	  "  -k, --keyring RING  what holds it open: @s unless said, @u, @us, a number\n"
	  "  --all               (list) of all users, for root\n"
	  "  --owner USER        (lock) not yours, but that user's, for root\n"
	  "The password is asked for on the terminal, or:\n"
	  "  --auth-file FILE    it is in FILE; for passwd the old one on the first line\n"
	  "  --auth-fd N         ... it can be read from file descriptor N\n"
	  "  --auth-stdin        ... from standard input\n" },
	{ "audit", cmd_audit, "show what was done to keys, and check that record",
	  "show|verify [OPTION...]",
	  "What was done with keys and what was refused, as the helper wrote it down: your\n"
	  "own doings and what was done with your keys; all of it for root.\n"
	  "\n"
	  "show\n"
	  "  --key DESCRIPTION   of that key alone\n"
	  "  --uid UID           by that user\n"
	  "  --event EVENT       create, load, export, sign, verify, encrypt, decrypt,\n"
	  "                      publish, unpublish, reseal, state, revoke, and of the\n"
	  "                      helper start, stop, remove, query, gap, flood\n"
	  "  --since, --until T  2026-11-22, 2026-11-22T12:30, in local time, or with a Z\n"
	  "  --refused           what was refused\n"
	  "verify, for root: ends with 1 and names the first record that does not fit\n"
	  "  --from N            begin with that record\n"
	  "  --head N:HASH       and that one has to be there, as verify told it once\n" },
	{ "status", cmd_status, "show module, TPM and helper; tell what is missing", "[OPTION...]",
	  NULL },
	{ "doctor", cmd_doctor, NULL,
	  "[OPTION...]",
	  "Ends with 0 when nothing is to be mended, with 1 when something is.\n" },
};

#define VERBS (sizeof(verbs) / sizeof(verbs[0]))

const struct verb *verb;
bool json;

/* All on one screen: what belongs together stands on one line. */
static void help(FILE *f)
{
	char names[24];
	size_t i;

	fprintf(f, "usage: tkm VERB [OPTION...] [ARGUMENT...] | tkm VERB --help | tkm --version\n");
	for (i = 0; i < VERBS; i++) {
		if (!verbs[i].help)
			continue;
		snprintf(names, sizeof(names), "%s%s%s", verbs[i].name,
			 i + 1 < VERBS && !verbs[i + 1].help ? ", " : "",
			 i + 1 < VERBS && !verbs[i + 1].help ?
				 verbs[i + 1].name : "");
		fprintf(f, "  %-20s%s\n", names, verbs[i].help);
	}
	fprintf(f, "A KEY is a number, or \"application:label\". --json, with any verb: for programs\n");
}

static void verb_help(void)
{
	printf("usage: tkm %s %s\n\n", verb->name, verb->usage);
	if (verb->more)
		printf("%s", verb->more);
	printf("  --json              the result as JSON\n");
}

static void take_common(int c)
{
	switch (c) {
	case 'h':
		verb_help();
		exit(say_done());
	case OPT_JSON:
		json = true;
		break;
	case 'o':
		out_path = strcmp(optarg, "-") ? optarg : NULL;
		break;
	case 'f':
		out_force = true;
		break;
	}
}

/* Letters are common too: -o and -f mean the same wherever they are. */
static void letters(const struct option *options, char *out)
{
	*out++ = ':';
	for (; options->name; options++) {
		if (options->val > 0xff)
			continue;
		*out++ = (char)options->val;
		if (options->has_arg)
			*out++ = ':';
	}
	*out = 0;
}

int next_option(int argc, char **argv, const struct option *options)
{
	char known[64];
	int c;

	letters(options, known);
	opterr = 0;
	while ((c = getopt_long(argc, argv, known, options, NULL)) != -1) {
		if (c == '?' || c == ':')
			usage(c == '?' ? "there is no option %s" :
					 "%s wants a value",
			      argv[optind - 1]);
		if (auth_option(c, optarg))
			continue;
		if (c != 'h' && c != OPT_JSON && c != 'o' && c != 'f')
			return c;
		take_common(c);
	}
	return -1;
}

void want_words(int argc, int least, int most)
{
	int n = argc - optind;

	if (n < least)
		usage(n ? "something is missing" : "say what");
	if (n > most)
		usage("too much was said");
}

int run_action(const struct verb *actions, size_t n, int argc, char **argv)
{
	static const struct option options[] = { COMMON_OPTIONS, END_OPTIONS };
	const char *name = argc > 1 ? argv[1] : "", *of = verb->name;
	size_t i;

	for (i = 0; i < n; i++) {
		if (strcmp(strchr(actions[i].name, ' ') + 1, name))
			continue;
		verb = &actions[i];
		return verb->run(argc - 1, argv + 1);
	}
	if (*name && *name != '-')
		usage("there is no action %s: tkm %s --help", name, of);
	next_option(argc, argv, options);
	usage("say what is to be done: tkm %s --help", of);
}

static const struct verb *verb_of(const char *name)
{
	size_t i;

	for (i = 0; i < VERBS; i++)
		if (!strcmp(verbs[i].name, name))
			return &verbs[i];
	return NULL;
}

/* Before anything can be wrong, for that is said as JSON, too. */
static void look_for_json(int *argc, char ***argv)
{
	int i;

	for (i = 1; i < *argc && strcmp((*argv)[i], "--"); i++)
		if (!strcmp((*argv)[i], "--json"))
			json = true;
	/* In front of the verb. */
	if (*argc > 1 && !strcmp((*argv)[1], "--json")) {
		(*argv)[1] = (*argv)[0];
		++*argv;
		--*argc;
	}
}

int main(int argc, char **argv)
{
	int ret;

	look_for_json(&argc, &argv);
	if (argc < 2)
		usage("say what is to be done: tkm --help");
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
		help(stdout);
		return say_done();
	}
	if (!strcmp(argv[1], "--version")) {
		printf("tkm %s\n", libtkm_version());
		return say_done();
	}
	verb = verb_of(argv[1]);
	if (!verb)
		usage("there is no verb %s: tkm --help", argv[1]);
	ret = verb->run(argc - 1, argv + 1);
	auth_drop();
	return ret;
}
