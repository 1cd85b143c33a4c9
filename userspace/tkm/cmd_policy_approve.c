// SPDX-License-Identifier: GPL-2.0
/*
 * tkm policy approve: an approval is made, or taken from a file, and put in force
 * or written to one. Whatever it came from, its signature is checked here first:
 * the TPM would say no, but later, to somebody else.
 */
#include "keyfile.h"
#include "policy.h"

/* For debugging, and for applications. */
#define RESETTABLE	(BIT(16) | BIT(23))

static struct {
	const char *name;
	const char *key;
	const char *offline;
	const char *signature;
	const char *approval;
	struct approved approved;
	struct values values;
	bool only;
	bool no_epoch;
	bool epoch_given;
	u64 epoch;
	u32 index;
	/* What the counter says; 0 when it was not asked. */
	u64 now;
} want = { .index = EPOCH_INDEX };

struct made {
	u8 der[TKM_APPROVAL_MAX];
	size_t len;
};

/* ---- the key --------------------------------------------------------------------- */

static int sign_with_tkm(EVP_PKEY *pkey, const u8 message[APPROVAL_SIGNED],
			 u8 *out, size_t *len)
{
	const struct tkm_piece all = { message, APPROVAL_SIGNED };
	libtkm_serial key;
	uint8_t *signature;
	u8 digest[32];
	size_t n;
	int ret;

	ret = want_key(want.key, &key, NULL);
	if (ret)
		return ret;
	tkm_sha256(&all, 1, digest);
	progress_begin("the TPM signs");
	ret = libtkm_pkey_sign(key, approval_words(pkey), digest,
			       sizeof(digest), &signature, &n);
	progress_end();
	if (ret)
		return failed_with_key(ret, key);
	ret = n > SIGNATURE_MAX ? failed(-EMSGSIZE, want.key) : DONE;
	if (!ret)
		memcpy(out, signature, *len = n);
	free(signature);
	return ret;
}

/* ---- what is approved -------------------------------------------------------------- */

/* Of what was said, all of it, when it is not said which. */
static void take_said(void)
{
	struct approved *a = &want.approved;
	int bank;

	for (bank = 0; bank < BANKS; bank++)
		if (want.values.known[bank])
			a->pcr[a->n++].pcrs = (struct tkm_pcrs){
				bank_alg(bank), want.values.known[bank],
			};
}

static int fill_registers(void)
{
	struct approved *a = &want.approved;
	unsigned int i;
	int ret;

	if (!a->n)
		take_said();
	if (!a->n)
		usage("which registers? --pcrs, --value, --predict");
	for (i = 0; i < a->n; i++) {
		if (a->pcr[i].pcrs.mask & RESETTABLE)
			warn("PCRs 16 and 23 can be set back by anybody: approve others, too");
		ret = values_now(&want.values, &a->pcr[i].pcrs);
		if (ret || !values_digest(&want.values, &a->pcr[i].pcrs,
					  a->pcr[i].digest))
			return failed_as(ret ? ret : -ENODEV, "--value sha256:7=HEX says what is not known",
					 "registers cannot be read");
	}
	return DONE;
}

static int epoch_failed(int err)
{
	return failed_as(err, "--epoch N says it, --no-epoch leaves it out; tkm policy retire makes the counter",
			 "the TPM's counter of epochs, 0x%08x: %s", want.index,
			 err == -EEXIST ? "the index is something else" :
			 err == -EACCES ? "/dev/tpmrm0 is not for you" :
			 err == -EKEYREJECTED ? "the owner's authorisation value is not that" :
					  libtkm_error_text(err, NULL));
}

/* The first approval of all: there is no counter yet. */
static int make_counter(void)
{
	bool set = false;
	ssize_t len = 0;
	void *auth = NULL;
	int ret;

	ret = epoch_owner_auth(&set);
	if (ret)
		return epoch_failed(ret);
	ret = auth_value(set, &auth, &len);
	if (ret)
		return ret;
	ret = epoch_next(want.index, auth, (size_t)len, &want.now);
	libtkm_secret_free(auth);
	return ret ? epoch_failed(ret) : DONE;
}

static int fill_epoch(void)
{
	int ret = DONE;

	if (want.no_epoch)
		return DONE;
	want.approved.index = want.index;
	want.approved.epoch = want.epoch;
	if (want.epoch_given)
		return DONE;
	progress_begin("the TPM tells the epoch");
	ret = epoch_read(want.index, &want.now);
	if (ret == -ENOENT)
		ret = make_counter();
	else if (ret)
		ret = epoch_failed(ret);
	progress_end();
	want.approved.epoch = want.now;
	return ret;
}

static int fill(void)
{
	int ret = fill_registers();

	return ret ? ret : fill_epoch();
}

/* ---- an approval -------------------------------------------------------------------- */

static int encode(EVP_PKEY *pkey, const u8 *signature, size_t len,
		  struct made *made)
{
	u8 pub[PUBLIC_MAX], sig[SIGNATURE_MAX];
	ssize_t pub_len, sig_len = 0, n;

	pub_len = public_encode(pkey, pub, sizeof(pub));
	if (pub_len < 0)
		return (int)pub_len;
	if (signature)
		sig_len = signature_encode(pkey, signature, len, sig,
					   sizeof(sig));
	if (sig_len < 0)
		return (int)sig_len;
	n = approval_encode(want.name, pub, (size_t)pub_len, &want.approved,
			    signature ? sig : NULL, (size_t)sig_len, made->der,
			    sizeof(made->der));
	if (n < 0)
		return (int)n;
	made->len = (size_t)n;
	return 0;
}

/* Of that name, and its signature holds. */
static int check(const struct made *made)
{
	struct tkm_approval approval;
	u8 ref[32];
	int ret;

	ret = tkm_approval_decode(made->der, made->len, &approval);
	if (ret)
		return ret;
	tkm_policy_ref(want.name, ref);
	if (memcmp(ref, approval.by.ref, 32))
		return -EKEYREJECTED;
	ret = approval_verify(&approval);
	return ret ? ret : approval_read(&approval.policy, &want.approved);
}

static int sign(struct made *made)
{
	u8 message[APPROVAL_SIGNED], signature[SIGNATURE_MAX];
	bool tkm = !strncmp(want.key, "%tkm:", 5);
	EVP_PKEY *pkey;
	size_t len;
	int ret;

	pkey = tkm ? public_of(want.key, &ret) :
		     private_of(want.key, "--offline, when the key is not here",
				&ret);
	if (!pkey)
		return ret;
	ret = fill();
	if (!ret && approval_signed(want.name, &want.approved, message))
		ret = failed(-EINVAL, want.name);
	if (!ret && tkm)
		ret = sign_with_tkm(pkey, message, signature, &len);
	else if (!ret && approval_sign(pkey, message, signature, &len))
		ret = failed_as(-EIO, NULL, "%s does not sign", want.key);
	if (!ret) {
		ret = encode(pkey, signature, len, made);
		if (ret)
			ret = failed_as(ret, "TPMs know RSA with 2048 or 3072 bits, and EC on P-256 and P-384",
					"%s is no key for this", want.key);
	}
	EVP_PKEY_free(pkey);
	return ret;
}

static int read_approval(struct made *made)
{
	uint8_t *data;
	size_t len;
	int ret;

	ret = read_input(want.approval, TKM_APPROVAL_MAX, &data, &len);
	if (ret)
		return failed(ret, want.approval);
	memcpy(made->der, data, len);
	made->len = len;
	free(data);
	ret = check(made);
	if (ret == -EKEYREJECTED)
		return failed_as(ret, NULL, "%s is no approval of %s, or was altered",
				 want.approval, want.name);
	return ret ? failed_as(ret, NULL, "%s is no approval", want.approval) :
		     DONE;
}

/* ---- the key is elsewhere ------------------------------------------------------------- */

static char *beside(const char *path)
{
	char *name;

	if (asprintf(&name, "%s.approval", path) < 0)
		exit(failed(-ENOMEM, NULL));
	return name;
}

static int write_request(const struct policy *policy)
{
	char *name = beside(want.offline);
	u8 message[APPROVAL_SIGNED];
	struct made made;
	EVP_PKEY *pkey;
	int ret;

	ret = fill();
	if (ret || approval_signed(want.name, &want.approved, message))
		goto out;
	pkey = public_decode(policy->authority, policy->authority_len);
	ret = pkey ? encode(pkey, NULL, 0, &made) : -EBADMSG;
	EVP_PKEY_free(pkey);
	if (ret) {
		ret = failed(ret, want.name);
		goto out;
	}
	out_path = name;
	ret = output_all(made.der, made.len, 0666);
	out_path = want.offline;
	ret = ret ? ret : output_all(message, sizeof(message), 0666);
	out_path = NULL;
	if (!ret)
		note("openssl dgst -sha256 -sign KEY.pem -out %s.sig %s; then --signature %s.sig",
		     want.offline, want.offline, want.offline);
out:
	free(name);
	return ret;
}

static int read_request(void)
{
	char *name = beside(want.offline);
	uint8_t *data;
	size_t len;
	int ret;

	ret = read_input(name, TKM_APPROVAL_MAX, &data, &len);
	if (ret) {
		ret = failed(ret, name);
	} else {
		ret = approval_to_sign(data, len, &want.approved);
		free(data);
		if (ret)
			ret = failed_as(ret, "--offline without --signature writes one",
					"%s is no approval that is to be signed",
					name);
	}
	free(name);
	return ret;
}

/* Whose signature it is, it says by being right. */
static int take_signature(const struct policy *policy, struct made *made)
{
	uint8_t *signature;
	EVP_PKEY *pkey;
	const u8 *pub;
	size_t len, n;
	int i, ret;

	ret = read_request();
	if (ret)
		return ret;
	ret = read_input(want.signature, SIGNATURE_MAX, &signature, &len);
	if (ret)
		return failed(ret, want.signature);
	ret = -EKEYREJECTED;
	for (i = 0; ret && i < 2; i++) {
		pub = policy_branch(policy, i, &n);
		pkey = pub ? public_decode(pub, n) : NULL;
		if (pkey && !encode(pkey, signature, len, made) && !check(made))
			ret = 0;
		EVP_PKEY_free(pkey);
	}
	free(signature);
	return ret ? failed_as(ret, "openssl dgst -sha256 -sign KEY.pem of the file that --offline wrote",
			       "%s is the signature neither of the authority nor of the recovery key, of that",
			       want.signature) : DONE;
}

/* ---- in force ---------------------------------------------------------------------- */

static bool is_signer(const struct policy *policy, const struct made *made)
{
	struct tkm_approval approval;
	const u8 *pub;
	size_t len;
	int i;

	if (tkm_approval_decode(made->der, made->len, &approval))
		return false;
	for (i = 0; i < 2; i++) {
		pub = policy_branch(policy, i, &len);
		if (pub && len == approval.by.pub_len &&
		    !memcmp(pub, approval.by.pub, len))
			return true;
	}
	return false;
}

/* Whether the new one leaves nothing for this to say. */
static bool is_over(const struct policy_approval *old, const struct made *made)
{
	struct tkm_approval a, b;
	struct approved approved;

	if (want.only || old->rejected ||
	    tkm_approval_decode(old->der, old->len, &a) ||
	    tkm_approval_decode(made->der, made->len, &b) ||
	    approval_read(&a.policy, &approved))
		return true;
	if (!memcmp(a.digest, b.digest, 32) &&
	    !memcmp(a.branch, b.branch, 32))
		return true;
	return want.now && approved.index == want.index &&
	       approved.epoch < want.now;
}

static int put_in_force(struct policy *policy, const struct made *made,
			bool *kept)
{
	unsigned int i, n = 0;

	if (!is_signer(policy, made))
		return failed_as(-EKEYREJECTED, "tkm policy show says whose approvals count",
				 "the key that signed is neither the authority of %s nor its recovery key",
				 want.name);
	for (i = 0; i < policy->n; i++)
		if (!is_over(&policy->approval[i], made))
			policy->approval[n++] = policy->approval[i];
	if (n == APPROVALS_MAX)
		return failed_as(-ENOSPC, "--only lets the others go; tkm policy retire ends them",
				 "%s has %d approvals, and may have no more",
				 want.name, APPROVALS_MAX);
	memcpy(policy->approval[n].der, made->der, made->len);
	policy->approval[n].len = made->len;
	policy->approval[n++].rejected = false;
	policy->n = n;
	return policy_approve(policy, kept);
}

static int say(const struct made *made, bool in_force, bool kept)
{
	struct json_object *object;
	u8 digest[32];

	if (!json)
		return say_done();
	object = json_object_new_object();
	put_text(object, "name", want.name);
	if (!approved_digest(&want.approved, digest))
		put_hex(object, "approved", digest, 32);
	if (want.approved.index)
		json_object_object_add(object, "epoch",
			json_object_new_int64((int64_t)want.approved.epoch));
	if (made)
		put_hex(object, "approval", made->der, made->len);
	json_object_object_add(object, "in-force",
			       json_object_new_boolean(in_force));
	json_object_object_add(object, "kept", json_object_new_boolean(kept));
	return say_json(object);
}

static int make(struct policy *policy, struct made *made)
{
	if (want.approval)
		return read_approval(made);
	if (want.offline)
		return take_signature(policy, made);
	return sign(made);
}

static int with_policy(struct policy *policy)
{
	bool kept = false;
	struct made made;
	int ret;

	if (policy->pcrs.mask)
		return failed_as(-EINVAL, "tkm reseal KEY binds a key to the values of now",
				 "%s is of registers, and nobody approves for it",
				 want.name);
	if (want.offline && !want.signature) {
		ret = write_request(policy);
		return ret ? ret : say(NULL, false, false);
	}
	ret = make(policy, &made);
	if (!ret && out_path) {
		ret = output_all(made.der, made.len, 0666);
		return ret ? ret : say(&made, false, false);
	}
	ret = ret ? ret : put_in_force(policy, &made, &kept);
	return ret ? ret : say(&made, true, kept);
}

/* Where approvals are made for other machines, the policy need not be known. */
static int without_policy(void)
{
	struct made made;
	int ret = sign(&made);

	ret = ret ? ret : output_all(made.der, made.len, 0666);
	return ret ? ret : say(&made, false, false);
}

static u64 epoch_of(const char *text)
{
	unsigned long long v;
	char *end;

	errno = 0;
	v = strtoull(text, &end, 10);
	if (*end || end == text || errno || *text == '-')
		usage("%s is no epoch: a number", text);
	return v;
}

static void take(int c, const char *argument)
{
	switch (c) {
	case OPT_PCRS:
		if (want.approved.n == APPROVED_PCRS)
			usage("--pcrs, once for each bank");
		pcrs_of(argument, &want.approved.pcr[want.approved.n++].pcrs);
		break;
	case OPT_KEY:
		want.key = argument;
		break;
	case OPT_OFFLINE:
		want.offline = argument;
		break;
	case OPT_SIGNATURE:
		want.signature = argument;
		break;
	case OPT_APPROVAL:
		want.approval = argument;
		break;
	case OPT_ONLY:
		want.only = true;
		break;
	case OPT_EPOCH:
		want.epoch = epoch_of(argument);
		want.epoch_given = true;
		break;
	case OPT_NO_EPOCH:
		want.no_epoch = true;
		break;
	case OPT_INDEX:
		want.index = index_of(argument);
		break;
	default:
		ask_socket = argument;
	}
}

int policy_cmd_approve(int argc, char **argv)
{
	static const struct option options[] = {
		{ "pcrs", required_argument, NULL, OPT_PCRS },
		{ "key", required_argument, NULL, OPT_KEY },
		{ "offline", required_argument, NULL, OPT_OFFLINE },
		{ "signature", required_argument, NULL, OPT_SIGNATURE },
		{ "approval", required_argument, NULL, OPT_APPROVAL },
		{ "only", no_argument, NULL, OPT_ONLY },
		{ "epoch", required_argument, NULL, OPT_EPOCH },
		{ "no-epoch", no_argument, NULL, OPT_NO_EPOCH },
		{ "index", required_argument, NULL, OPT_INDEX },
		VALUE_OPTIONS, OUT_OPTIONS, AUTH_OPTIONS, ASK_OPTIONS,
		COMMON_OPTIONS, END_OPTIONS,
	};
	struct policies policies;
	int c, ret;

	while ((c = next_option(argc, argv, options)) != -1)
		if (!value_option(c, optarg, &want.values))
			take(c, optarg);
	want_words(argc, 1, 1);
	want.name = argv[optind];
	if (!tkm_policy_name_ok(want.name, strlen(want.name)))
		usage("'%s' is no name of a policy", want.name);
	if (!!want.key + !!want.offline + !!want.approval != 1)
		usage("one of --key, --offline and --approval says who approves");
	if (want.signature && !want.offline)
		usage("--signature goes with --offline");
	if (want.epoch_given && want.no_epoch)
		usage("--epoch or --no-epoch");
	if (want.key && out_path)
		return without_policy();
	ret = policy_get(want.name, &policies);
	if (ret)
		return ret;
	ret = with_policy(&policies.policy[0]);
	policies_free(&policies);
	return ret;
}
