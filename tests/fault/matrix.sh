#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Every TPM command that tkm sends, times everything that can happen to it, and
# what must come of each. This file is the table; cells/cells.c runs it, and
# says at its head what else each cell checks.
#
#   matrix.sh SOCKET FOLDER   a hostile TPM is there, the module is loaded, and
#                             approvals.sh filled FOLDER
#   matrix.sh                 only print the table
#
# What is expected comes from Documentation/errors.rst and from what the TPM,
# the kernel's driver and tkm are to do, not from what happened:
#
# - The driver itself asks again on RETRY and TESTING, for 2.5 seconds. It turns
#   an answer whose length is not what its header says into -EFAULT (EIO), a
#   chip without a server into -ECANCELED or -EPIPE (ENODEV), and silence into
#   -ETIME (ETIMEDOUT).
# - tkm asks again on YIELDED, runs the operation again on PCR_CHANGED, and once
#   more, after it looked at the SRK anew, when the TPM knows no handle or takes
#   no HMAC where it should: then a single fault is survived ("ok").
# - A saved context that is refused is made anew from the blob, and the TPM has
#   to prove that it was not reset. No answer without an HMAC closes tkm.
# - What FlushContext and GetCapability answer changes no result: the operation
#   is over, or has not begun.
#
# Key operations that are not here (publish, read, revoke) send no command, and
# what the kernel's driver sends by itself (Startup, SelfTest) is not tkm's.
set -eu

here=$(cd "$(dirname "$0")" && pwd -P)
build=${TKM_FAULT:-$(cd "$here/../.." && pwd -P)/build/fault}

# cell NAME OPERATION ERRNO AFTER FAULT
cell()
{
	echo "cell $1 | $2 | $3 | $4 | $5"
}

#
# Commands. Each has an operation that sends it, and an errno for each fault;
# a word that is not there is the one that every command has.
#

declare -A operation=(
	[StartAuthSession]=load [ContextLoad]=load [Load]=load [Unseal]=load
	[FlushContext]=load [PolicyPCR]=policy [PolicyOR]=policy
	[PolicyAuthValue]=policy [Create]=reseal [PCR_Read]=new-pcrs
	[ContextSave]=new-app-twice [ReadPublic]=load [CreatePrimary]=no-srk
	[EvictControl]=no-srk [NullPrimary]=load [GetCapability]=load
	[Sign]=sign [RSA_Decrypt]=open [ECDH_ZGen]=share
	[TestParms]=new-ec-first [ObjectChangeAuth]=unlock
	[KeyContextLoad]=sign [KeyContextSave]=load-sign
	[LoadExternal]=approved [VerifySignature]=approved [PolicyNV]=approved
	[PolicyAuthorize]=approved [PolicyRestart]=approved-second
	[Duplicate]=duplicate [PolicyDuplicationSelect]=duplicate
	[PolicyCommandCode]=duplicate [Import]=import
	[AkPrimary]=certify [Certify]=certify [Rewrap]=recover
)

# What has another use: CreatePrimary, with an HMAC, to prove that there was no
# reset; contexts, of RSA and EC keys too, which a signature proves.
declare -A sent=(
	[NullPrimary]=CreatePrimary [AkPrimary]=CreatePrimary
	[KeyContextLoad]=ContextLoad [KeyContextSave]=ContextSave
)

# Some are only sent when something is in doubt; this makes it so.
declare -A cause=(
	[ReadPublic]="rc Load 1 0x98e"
	[NullPrimary]="rc ContextLoad 1 0x1df"
)

codes=(
	RETRY=0x922 YIELDED=0x908 TESTING=0x90a LOCKOUT=0x921
	OBJECT_MEMORY=0x902 SESSION_MEMORY=0x903 PCR_CHANGED=0x128
	HANDLE=0x18b AUTH_FAIL=0x98e POLICY_FAIL=0x99d INTEGRITY=0x1df
	FAILURE=0x101 unknown=0x177
)

# By fault or code; then what differs, by command and fault.
declare -A expected=(
	[delay]=ok [cut9]=EIO [cut1]=EIO [cut-all]=EIO [cut-fix]=EIO
	[lengthen]=EIO [lengthen-fix]=EIO
	[flip-rc]=EIO [flip-tag]=EBADMSG [flip-size]=EIO [flip-end]=EBADMSG
	[flip-command]=EKEYREJECTED [replay]=EBADMSG
	[reset]=ENODEV [gone]=ENODEV [gone-after]=ENODEV
	[drop]=ETIMEDOUT [lose]=ETIMEDOUT

	[RETRY]=ok [YIELDED]=ok [TESTING]=ok [PCR_CHANGED]=ok
	[LOCKOUT]=EBUSY [OBJECT_MEMORY]=ENOMEM [SESSION_MEMORY]=ENOMEM
	[HANDLE]=ENOKEY [AUTH_FAIL]=EKEYREJECTED [POLICY_FAIL]=EPERM
	[INTEGRITY]=EBADMSG [FAILURE]=EIO [unknown]=EIO
)
declare -A differs=(
	# No HMAC: the nonce is wrong, and with it the key of the session. The
	# TPM then refuses Load, and that is doubted.
	[StartAuthSession flip-tag]=EIO
	[StartAuthSession flip-end]=ok
	[StartAuthSession replay]=ok
	[StartAuthSession HANDLE]=ok
	# Its last byte is that of the hash algorithm, which then is none.
	[StartAuthSession flip-command]=EOPNOTSUPP

	# A handle that the TPM does not know at Load is doubted.
	[ContextLoad flip-tag]=EIO
	[ContextLoad flip-end]=ok
	# The same handle once more.
	[ContextLoad replay]=ok
	# The TPM blames the context: it is made anew from the blob.
	[ContextLoad HANDLE]=ok [ContextLoad INTEGRITY]=ok
	[ContextLoad AUTH_FAIL]=ok [ContextLoad POLICY_FAIL]=ok
	[ContextLoad flip-command]=ok

	[Load HANDLE]=ok [Load AUTH_FAIL]=ok [Load flip-command]=ok
	# The session, or the TPM, is doubted.
	[NullPrimary HANDLE]=ok [NullPrimary AUTH_FAIL]=ok
	[NullPrimary flip-command]=ok

	[Create HANDLE]=ok [Create AUTH_FAIL]=ok [Create flip-command]=ok
	# The canary is flat, and flat keys do not notice a reset.
	[Create reset]=ok

	# The answer is a header, and what was asked for is in the session. Tags
	# are not covered by an HMAC; one that is none is no answer.
	[PolicyPCR flip-tag]=EIO [PolicyOR flip-tag]=EIO
	[PolicyAuthValue flip-tag]=EIO
	[PolicyPCR replay]=ok [PolicyOR replay]=ok [PolicyAuthValue replay]=ok
	# The last bit is the lowest of the code, and code 1 is none we know.
	[PolicyPCR flip-end]=EIO [PolicyOR flip-end]=EIO
	[PolicyAuthValue flip-end]=EIO
	# Other registers; another branch beside ours; another session.
	[PolicyPCR flip-command]=EPERM
	[PolicyOR flip-command]=EPERM
	[PolicyAuthValue flip-command]=ENOKEY/ok

	# What was saved is opaque, and proven when it is loaded again: then it
	# is refused, or the wrong key, and made anew from the blob.
	[ContextSave flip-tag]=EIO
	[ContextSave flip-end]=ok
	[ContextSave replay]=ok
	[ContextSave cut-fix]=ok
	[ContextSave lengthen-fix]=ok
	# Another handle, which is not there.
	[ContextSave flip-command]=ENOKEY/ok

	# The same of a key that is used.
	[KeyContextLoad flip-tag]=EIO
	[KeyContextLoad flip-end]=ok
	[KeyContextLoad replay]=ok
	[KeyContextLoad HANDLE]=ok [KeyContextLoad INTEGRITY]=ok
	[KeyContextLoad AUTH_FAIL]=ok [KeyContextLoad POLICY_FAIL]=ok
	[KeyContextLoad flip-command]=ok
	# One before may be another key's: its signature does not hold.
	[KeyContextSave flip-tag]=EIO
	[KeyContextSave flip-end]=ok
	[KeyContextSave replay]=ok/EBADMSG
	[KeyContextSave cut-fix]=ok
	[KeyContextSave lengthen-fix]=ok
	# That of the storage key above it, which signs nothing.
	[KeyContextSave flip-command]=EBADMSG

	# No HMAC: what vouches for it is that it holds. The last byte of the
	# command is the size of a ticket, which then is cut off.
	[Sign flip-command]=EBADMSG
	# What libtpms says of wrong padding.
	[RSA_Decrypt FAILURE]=EBADMSG

	# The answer is a header, and nobody vouches for it.
	[TestParms flip-tag]=EIO
	[TestParms flip-end]=EIO
	[TestParms replay]=ok
	# Another scheme to derive keys, which is none.
	[TestParms flip-command]=EOPNOTSUPP

	# No HMAC. Its Name is computed here; a lie about it is none about an
	# approval, which is as good as before.
	[LoadExternal flip-tag]=EIO
	# The one before is of the same key, or of another authority's.
	[LoadExternal replay]=ok/EBADMSG
	[LoadExternal AUTH_FAIL]=EBADMSG
	# A hierarchy that is none.
	[LoadExternal flip-command]=EBADMSG

	# A ticket that is none is found out by who made it, and made anew.
	[VerifySignature flip-tag]=EIO
	[VerifySignature flip-end]=ok
	[VerifySignature replay]=ok
	# The signature holds, as is known here: it was altered on its way, or
	# who refuses it lies.
	[VerifySignature AUTH_FAIL]=EBADMSG
	[VerifySignature flip-command]=EBADMSG

	# What the TPM says of the counter is of this approval, and there is no
	# other: it is not there, it is another one, it has another number.
	[PolicyNV HANDLE]=EPERM [PolicyNV INTEGRITY]=EPERM
	[PolicyNV replay]=ok
	# Another number than that.
	[PolicyNV flip-command]=EPERM

	[PolicyAuthorize flip-tag]=EIO [PolicyAuthorize flip-end]=EIO
	[PolicyAuthorize replay]=ok
	# Not what was approved, says the TPM: then nothing is.
	[PolicyAuthorize INTEGRITY]=EPERM
	# The ticket.
	[PolicyAuthorize flip-command]=ok

	[PolicyRestart flip-tag]=EIO [PolicyRestart flip-end]=EIO
	[PolicyRestart replay]=ok
	# Another session, which is not there.
	[PolicyRestart flip-command]=ENOKEY/ok

	# As other elements of a policy. What was altered on its way is not what
	# was approved; nor is another command what the session is for.
	[PolicyDuplicationSelect flip-tag]=EIO [PolicyCommandCode flip-tag]=EIO
	[PolicyDuplicationSelect flip-end]=EIO [PolicyCommandCode flip-end]=EIO
	[PolicyDuplicationSelect replay]=ok [PolicyCommandCode replay]=ok
	[PolicyDuplicationSelect flip-command]=EBADMSG
	[PolicyCommandCode flip-command]=EBADMSG

	# As Load under the same parent, which is doubted, and asked once more.
	[Import HANDLE]=ok [Import AUTH_FAIL]=ok [Import flip-command]=ok
	[Rewrap HANDLE]=ok [Rewrap AUTH_FAIL]=ok [Rewrap flip-command]=ok

	# The HMAC is proof of the endorsement hierarchy's authValue, as of all else.
	[AkPrimary AUTH_FAIL]=EACCES [AkPrimary flip-command]=EACCES

	# Compared with the Name that is pinned; the qualified name at its end
	# is of no use.
	[ReadPublic flip-tag]=EIO
	[ReadPublic flip-end]=ok
	[ReadPublic replay]=ok
	# Not there, so it is made; but it is there.
	[ReadPublic flip-command]=ENOKEY

	# No HMAC: the owner's password is empty. Its Name is computed here.
	[CreatePrimary flip-end]=EBADMSG
	# The one before is this very key's, or the null hierarchy's.
	[CreatePrimary replay]=ok/EBADMSG
	[CreatePrimary AUTH_FAIL]=ENOKEY
	# A list that is shorter than it says.
	[CreatePrimary flip-command]=EBADMSG
	[EvictControl replay]=ok
	[EvictControl AUTH_FAIL]=ENOKEY
	# At another place than ours.
	[EvictControl flip-command]=ENOKEY
	[EvictControl reset]=ENOKEY
)

# try COMMAND FAULT KIND [ARGUMENT...]: the fault as the table names it
try()
{
	local command=$1 fault=$2 kind=$3 wire=${sent[$1]:-$1} errno
	local op=${operation[$1]} after=${cause[$1]:+again}
	shift 3

	case $op in
	sign | open | share | approved* | certify | duplicate | import | recover) after=again ;;
	esac
	# It is told from no other counter that asks for a password, of which a
	# TPM has few tries.
	[ "$command $fault" != "PolicyNV AUTH_FAIL" ] || after=

	errno=${differs["$command $fault"]:-${expected[$fault]}}
	case $command,$fault in
	GetCapability,gone* | GetCapability,reset) ;;
	FlushContext,* | GetCapability,*) errno=ok ;;
	esac
	case $fault in
	gone*) after+=" plug" ;;
	reset) after+=" closed" ;;
	drop | lose) after+=" hurry=$wire" ;;
	esac
	cell "$command, $fault: $errno" "$op" "$errno" \
		"$after" "$kind $wire 1 $*${cause[$command]:+ + ${cause[$command]}}"
}

# Faults for one command; those that make no difference to it are left out.
faults()
{
	local command=$1

	try "$command" delay delay 100
	try "$command" cut9 cut 9
	try "$command" cut1 cut -1
	try "$command" cut-all cut 1
	case $command in
	PolicyNV) try "$command" cut-fix cut-fix -1 ;;
	Policy* | FlushContext | TestParms) ;;
	*) try "$command" cut-fix cut-fix -1 ;;
	esac
	try "$command" lengthen lengthen 1
	try "$command" lengthen-fix lengthen-fix 1
	try "$command" flip-tag flip 15
	try "$command" flip-size flip 47
	try "$command" flip-rc flip 79
	try "$command" flip-end flip -1
	try "$command" flip-command flip-command -1
	try "$command" replay replay
	try "$command" reset reset
	try "$command" gone gone
	try "$command" gone-after gone-after
}

codes_of()
{
	local command=$1 code kind=rc

	for code in "${codes[@]}"; do
		# Who says that there is no such handle is believed when it is
		# to be flushed.
		if [ "$command" = FlushContext ] && [ "${code%=*}" = HANDLE ]; then
			kind=rc-after
		else
			kind=rc
		fi
		try "$command" "${code%=*}" $kind "${code#*=}"
	done
}

commands=(StartAuthSession ContextLoad Load Unseal FlushContext PolicyPCR
	PolicyOR PolicyAuthValue Create PCR_Read ContextSave ReadPublic
	CreatePrimary EvictControl NullPrimary GetCapability Sign RSA_Decrypt
	ECDH_ZGen TestParms ObjectChangeAuth LoadExternal VerifySignature
	PolicyNV PolicyAuthorize PolicyRestart PolicyDuplicationSelect
	PolicyCommandCode Duplicate Import AkPrimary Certify Rewrap)
# What a storage key's contexts meet, a key's own meet all over again.
[ -z "${TKM_LONG:-}" ] || commands+=(KeyContextLoad KeyContextSave)

# Handles and Names that are others'.
swaps()
{
	cell "StartAuthSession, another handle: ok" load ok '' \
		"word StartAuthSession 1 10 0x02000005"
	cell "StartAuthSession, a policy session's handle: EIO" load EIO '' \
		"word StartAuthSession 1 10 0x03000000"
	cell "StartAuthSession, another handle, flat: ok" flat ok '' \
		"word StartAuthSession 1 10 0x02000005"
	cell "ContextLoad, another handle: ok" load ok '' \
		"word ContextLoad 1 10 0x80000001"
	# The TPM has no such slot: not "not there", but no handle at all.
	cell "ContextLoad, a handle that cannot be: EBADMSG" load EBADMSG '' \
		"word ContextLoad 1 10 0x80000005"
	cell "ContextLoad, the SRK's handle: EIO" load EIO '' \
		"word ContextLoad 1 10 0x81000001"
	# It is in use, so it cannot be a new one's.
	cell "Load, its parent's handle: EBADMSG" load EBADMSG '' \
		"word Load 1 10 0x80000000"
	# No HMAC covers it, and what is flushed is not there.
	cell "NullPrimary, another handle: ok" load ok '' \
		"word CreatePrimary 1 10 0x80000002 + ${cause[NullPrimary]}"
	cell "NullPrimary, another Name: EBADMSG" load EBADMSG '' \
		"word CreatePrimary 1 40 0x12345678 + ${cause[NullPrimary]}"
	cell "Load, another handle: ok" load ok '' "word Load 1 10 0x80000002"
	cell "Load, a handle that cannot be: EBADMSG" load EBADMSG '' \
		"word Load 1 10 0x80000005"
	cell "Load, the SRK's handle: EIO" load EIO '' "word Load 1 10 0x81000001"
	cell "Load, another Name: EBADMSG" load EBADMSG '' \
		"word Load 1 24 0x12345678"
	# The other way: what the TPM is told. The HMACs cover Names.
	cell "StartAuthSession told of no key: ok" load ok '' \
		"word-command StartAuthSession 1 10 0x40000007"
	cell "Load told of another parent: ok" load ok again \
		"word-command Load 1 10 0x81000001"
	cell "Create told of another parent: ok" new ok again \
		"word-command Create 1 10 0x81000001"
	# The last bit of the handle makes it its parent's: there are two, in an order
	# that depends on what was known before.
	cell "Unseal told of another object: EKEYREJECTED" load EKEYREJECTED '' \
		"flip-command Unseal 1 111"
	cell "FlushContext told of another handle: ok" load ok '' \
		"word-command FlushContext 1 10 0x80000002"
	# The owner's seed outlives a reset; the proof is not to be had from it.
	cell "NullPrimary told of the owner: ok" load ok again \
		"word-command CreatePrimary 1 10 0x40000001 + ${cause[NullPrimary]}"
	cell "CreatePrimary, another handle: ENOKEY" no-srk ENOKEY '' \
		"word CreatePrimary 1 10 0x80000001"
	cell "CreatePrimary, another key: ENOKEY" no-srk ENOKEY '' \
		"word CreatePrimary 1 50 0x12345678"
	cell "ReadPublic, another key: ENOKEY" load ENOKEY '' \
		"stranger ReadPublic 1 + ${cause[ReadPublic]}"
	cell "ReadPublic, attributes of another sort: EOPNOTSUPP" load EOPNOTSUPP '' \
		"word ReadPublic 1 16 0x00040072 + ${cause[ReadPublic]}"
}

# The second key of a hold, and keys of other sorts.
others()
{
	local command

	for command in Load Unseal; do
		cell "$command, flat, flip: EBADMSG" flat EBADMSG '' \
			"flip $command 1 -1"
		cell "$command, policy and auth, flip: EBADMSG" policy EBADMSG '' \
			"flip $command 1 -1"
		cell "$command, flat, policy and auth, flip: EBADMSG" flat-policy \
			EBADMSG '' "flip $command 1 -1"
	done
	cell "Create of a key below the ASK, flip: EBADMSG" new EBADMSG '' \
		"flip Create 1 -1"
	cell "Create of an ASK, flip: EBADMSG" new-app EBADMSG '' \
		"flip Create 1 -1"
	cell "Load of an ASK, flip: EBADMSG" new-app EBADMSG '' "flip Load 1 -1"
	cell "second FlushContext, refused: ok" load ok '' \
		"rc FlushContext 2 0x101"
	cell "second look, refused: ok" load ok '' "rc GetCapability 3 0x101"
	cell "second look, cut: ok" load ok '' "cut-fix GetCapability 4 -1"
	# All the way up: ASK, TDK, TKMRK.
	cell "ContextLoad refused, and its parents': ok" load ok '' \
		"rc ContextLoad 1 0x1df + rc ContextLoad 2 0x18b + rc ContextLoad 3 0x1df"
	cell "ContextLoad refused for ever: ok" load ok '' \
		"rc ContextLoad 0 0x1df"
	# A reset between the refusal that is a lie and the proof.
	cell "ContextLoad refused, then a reset: ENODEV" load ENODEV closed \
		"rc ContextLoad 1 0x1df + reset Load 1"
}

# Keys that are used: nobody gets a signature that is none, another's, or what
# another key opened.
uses()
{
	local op

	for op in sign sign-policy sign-rsa sign-pss; do
		# In the middle of r, or of RSA's number.
		cell "Sign, $op, another number: EBADMSG" $op EBADMSG again \
			"word Sign 1 36 0x12345678"
		cell "Sign, $op, flip: EBADMSG" $op EBADMSG again "flip Sign 1 -1"
		# The one before may be of another scheme, which is none.
		cell "Sign, $op, another one: EBADMSG" $op EBADMSG/EIO again \
			"replay Sign 1"
	done
	cell "Sign told of another digest: EBADMSG" sign EBADMSG again \
		"word-command Sign 1 40 0x12345678"
	cell "Sign told of another digest, RSA: EBADMSG" sign-rsa EBADMSG again \
		"word-command Sign 1 40 0x12345678"
	cell "Sign told of another digest, policy and auth: EKEYREJECTED" \
		sign-policy EKEYREJECTED again "word-command Sign 1 110 0x12345678"
	# A storage key signs nothing.
	cell "Sign told of another key: EBADMSG" sign EBADMSG again \
		"word-command Sign 1 10 0x81000001"
	# The policy is looked at before the HMAC.
	cell "ECDH_ZGen, share-policy, told of another key: EPERM" share-policy \
		EPERM again "word-command ECDH_ZGen 1 10 0x81000001"
	for op in open=RSA_Decrypt share=ECDH_ZGen; do
		cell "${op#*=}, ${op%=*}, told of another key: EKEYREJECTED" \
			"${op%=*}" EKEYREJECTED again \
			"word-command ${op#*=} 1 10 0x81000001"
	done
	for op in open=RSA_Decrypt share=ECDH_ZGen share-policy=ECDH_ZGen; do
		cell "${op#*=}, ${op%=*}, flip: EBADMSG" "${op%=*}" EBADMSG again \
			"flip ${op#*=} 1 -1"
		# The second byte of what is encrypted.
		cell "${op#*=}, ${op%=*}, another message: EBADMSG" "${op%=*}" \
			EBADMSG again "flip ${op#*=} 1 140"
		cell "${op#*=}, ${op%=*}, told of another message: EKEYREJECTED" \
			"${op%=*}" EKEYREJECTED again \
			"word-command ${op#*=} 1 120 0x12345678"
	done
	cell "the context of another key, sign: EBADMSG" swap-sign EBADMSG again \
		"replay ContextSave 2"
	cell "the context of another key, agree: EKEYREJECTED" swap-share \
		EKEYREJECTED again "replay ContextSave 2"
	for op in sign open share; do
		cell "ContextLoad to $op, another handle: ok" $op ok again \
			"word ContextLoad 1 10 0x80000001"
		cell "ContextLoad to $op, a handle that cannot be: EBADMSG" $op \
			EBADMSG again "word ContextLoad 1 10 0x80000005"
		cell "ContextLoad to $op, the SRK's handle: EIO" $op EIO again \
			"word ContextLoad 1 10 0x81000001"
		cell "ContextLoad to $op, refused for ever: ok" $op ok again \
			"rc ContextLoad 0 0x1df"
		cell "Load to $op, flip: EBADMSG" $op EBADMSG again \
			"rc ContextLoad 1 0x1df + flip Load 1 -1"
		cell "Load to $op, another handle: ok" $op ok again \
			"rc ContextLoad 1 0x1df + word Load 1 10 0x80000002"
		cell "ContextSave to $op, refused: ENOMEM" $op ENOMEM again \
			"rc ContextLoad 1 0x1df + rc ContextSave 1 0x902"
		cell "ContextLoad to $op, refused, then a reset: ENODEV" $op ENODEV \
			"again closed" "rc ContextLoad 1 0x1df + reset Load 1"
		cell "FlushContext after $op, lost: ok" $op ok again \
			"rc FlushContext 1 0x101"
	done
	cell "PCR_CHANGED for ever, to sign: EPERM" sign-policy EPERM again \
		"rc Sign 0 0x128"
	cell "flips for ever, to sign: EBADMSG" sign EBADMSG again "flip Sign 0 -1"
	cell "no key for ever, to sign: ENOKEY" sign ENOKEY again "rc Sign 0 0x18b"
	cell "RETRY for ever, to open: EAGAIN" open EAGAIN again \
		"rc RSA_Decrypt 0 0x922"
	for op in PolicyPCR PolicyOR PolicyAuthValue; do
		cell "$op to sign, lost: EIO" sign-policy EIO again "cut $op 1 9"
	done
	cell "Create of an EC key, flip: EBADMSG" new-ec EBADMSG again \
		"flip Create 1 -1"
	# What was altered is no key's; what works in the kernel needs no TPM.
	cell "a cipher beside Unseal, flip: EBADMSG" crypt EBADMSG again \
		"flip Unseal 1 -1"
	cell "a cipher while the chip is gone: ENODEV" crypt ENODEV "again plug" \
		"gone Load 1"
	cell "a cipher after a reset: ENODEV" crypt ENODEV "again closed" \
		"reset Load 1"
}

# What a TPM says of a key is of that key, and nobody gets what is not.
certificates()
{
	local op

	for op in certify certify-ec; do
		# In the middle: who signed, what it answers, the signature.
		for word in 20 60 100 170 230; do
			cell "Certify, $op, byte $word: EBADMSG" $op EBADMSG again \
				"word Certify 1 $word 0x12345678"
		done
		cell "Certify, $op, told of the SRK: EKEYREJECTED" $op EKEYREJECTED \
			again "word-command Certify 1 10 0x81000001"
		cell "Certify, $op, told of another question: EKEYREJECTED" $op \
			EKEYREJECTED again "word-command Certify 1 114 0x12345678"
		cell "Certify, $op, answered without a session: EBADMSG" $op EBADMSG \
			again "rc Certify 1 0"
		cell "the attestation key, $op, another handle: ok" $op ok \
			again "word CreatePrimary 1 10 0x80000002"
		cell "the attestation key, $op, another one: EBADMSG" $op EBADMSG \
			again "word CreatePrimary 1 60 0x12345678"
		cell "the attestation key, $op, told of the owner: EACCES" $op EACCES \
			again "word-command CreatePrimary 1 10 0x40000001"
		cell "no attestation key for ever, $op: EACCES" $op EACCES again \
			"rc CreatePrimary 0 0x9a2"
		cell "the key's Flush, $op, refused: ok" $op ok again \
			"rc FlushContext 2 0x101"
	done
	cell "Certify, all contexts refused: ok" certify-ec ok again \
		"rc ContextLoad 0 0x1df"
}

# Nothing vouches for what is asked before a session, nor for a refusal. So an
# approval stays as good as it is, whatever is said of it, and none gets better.
approvals()
{
	local command told="told of another"

	cell "LoadExternal, another handle: ok" approved ok again \
		"word LoadExternal 1 10 0x80000001"
	cell "LoadExternal, a handle that cannot be: EBADMSG" approved EBADMSG \
		again "word LoadExternal 1 10 0x80000005"
	cell "LoadExternal, the SRK's handle: EIO" approved EIO again \
		"word LoadExternal 1 10 0x81000001"
	cell "LoadExternal, another Name: EBADMSG" approved EBADMSG again \
		"word LoadExternal 1 30 0x12345678"
	cell "LoadExternal, another Name, of six approvals: EBADMSG" approved-six \
		EBADMSG again "word LoadExternal 0 30 0x12345678"
	cell "LoadExternal $told key, which is none: EBADMSG" approved EBADMSG \
		again "word-command LoadExternal 1 40 0x12345678"
	# The same key with other attributes.
	cell "LoadExternal $told key: EBADMSG" approved EBADMSG again \
		"word-command LoadExternal 1 18 0x00040440"
	# In the middle of RSA's number.
	cell "LoadExternal $told RSA key: EBADMSG" approved-rsa EBADMSG again \
		"word-command LoadExternal 1 140 0x12345678"
	# Its tickets are empty.
	cell "LoadExternal told of no hierarchy: EIO" approved EIO again \
		"word-command LoadExternal 1 100 0x40000007"
	cell "LoadExternal refused for ever: EBADMSG" approved EBADMSG again \
		"rc LoadExternal 0 0x2d5"
	cell "VerifySignature, another ticket: ok" approved ok again \
		"word VerifySignature 1 20 0x12345678"
	cell "VerifySignature, another ticket for ever: EPERM" approved EPERM \
		again "word VerifySignature 0 20 0x12345678"
	cell "VerifySignature, a ticket of no hierarchy: EIO" approved EIO again \
		"word VerifySignature 1 12 0x40000007"
	cell "VerifySignature, not right: EBADMSG" approved EBADMSG again \
		"rc VerifySignature 1 0x2db"
	cell "VerifySignature, never right: EBADMSG" approved EBADMSG again \
		"rc VerifySignature 0 0x2db"
	cell "VerifySignature, not right, RSA: EBADMSG" approved-rsa EBADMSG \
		again "rc VerifySignature 1 0x2db"
	cell "VerifySignature, not right, of six approvals: EBADMSG" approved-six \
		EBADMSG again "rc VerifySignature 0 0x2db"
	cell "VerifySignature, not right, with another approval: ok" \
		approved-second ok again "rc VerifySignature 1 0x2db"
	cell "VerifySignature $told key: EBADMSG" approved EBADMSG again \
		"word-command VerifySignature 1 10 0x81000001"
	cell "VerifySignature $told digest: EBADMSG" approved EBADMSG again \
		"word-command VerifySignature 1 16 0x12345678"
	cell "a forged approval with a good one's ticket: EKEYREJECTED" forged \
		EKEYREJECTED '' "replay VerifySignature 1"
	cell "PolicyNV $told counter: EPERM" approved EPERM again \
		"word-command PolicyNV 1 14 0x01800b7c"
	cell "PolicyNV $told session: ok" approved ok again \
		"word-command PolicyNV 1 18 0x03000001"
	cell "PolicyNV $told epoch: EPERM" approved EPERM again \
		"word-command PolicyNV 1 41 0x12345678"
	cell "PolicyNV, another epoch: EPERM" approved EPERM again \
		"rc PolicyNV 1 0x126"
	cell "PolicyNV, never counted: EPERM" approved EPERM again \
		"rc PolicyNV 1 0x14a"
	cell "PolicyNV, answered without a session: EBADMSG" approved EBADMSG \
		again "rc PolicyNV 1 0"
	cell "an epoch that is over, as one that is not: EPERM" retired EPERM '' \
		"replay PolicyNV 1"
	cell "an epoch that is over, as one that is not, and another approval: ok" \
		approved-second ok again "replay PolicyNV 1"
	cell "PolicyAuthorize $told digest: EPERM" approved EPERM again \
		"word-command PolicyAuthorize 1 16 0x12345678"
	cell "PolicyAuthorize $told policyRef: ok" approved ok again \
		"word-command PolicyAuthorize 1 50 0x12345678"
	cell "PolicyAuthorize $told Name: ok" approved ok again \
		"word-command PolicyAuthorize 1 90 0x12345678"
	cell "PolicyAuthorize $told session: ok" approved ok again \
		"word-command PolicyAuthorize 1 10 0x03000001"
	cell "PolicyAuthorize, an old ticket: ok" approved ok again \
		"rc PolicyAuthorize 1 0x4e0"
	cell "PolicyAuthorize, an old ticket for ever: EIO" approved EIO again \
		"rc PolicyAuthorize 0 0x4e0"
	# The ticket that is made in its place.
	for command in LoadExternal VerifySignature; do
		cell "an old ticket, then $command refused: EBADMSG" approved EBADMSG \
			again "rc PolicyAuthorize 1 0x4e0 + rc $command 2 0x2db"
		cell "an old ticket, then $command lost: EIO" approved EIO again \
			"rc PolicyAuthorize 1 0x4e0 + cut $command 2 9"
	done
	cell "PolicyAuthorize that was none: EPERM" approved EPERM again \
		"rc PolicyAuthorize 1 0"
	cell "PolicyRestart $told session: ok" approved-second ok again \
		"word-command PolicyRestart 1 10 0x03000001"
	# What the one before said still counts.
	cell "PolicyRestart that was none: EPERM" approved-second EPERM again \
		"rc PolicyRestart 1 0"
	cell "PCR_Read to choose, another value: EPERM" approved EPERM again \
		"flip PCR_Read 1 -1"
	cell "PCR_Read to choose, cut: EIO" approved EIO again "cut PCR_Read 1 9"
	cell "PCR_Read to choose, refused: EIO" approved EIO again \
		"rc PCR_Read 1 0x101"
	cell "FlushContext of a policy key, refused: ok" approved ok again \
		"rc FlushContext 1 0x101"
	for command in LoadExternal VerifySignature PolicyNV PolicyAuthorize; do
		cell "$command to sign, lost: EIO" sign-approved EIO again \
			"cut $command 1 9"
	done
	cell "LoadExternal to sign, a handle that cannot be: EBADMSG" \
		sign-approved EBADMSG again "word LoadExternal 1 10 0x80000005"
	cell "VerifySignature to sign, not right: EBADMSG" sign-approved EBADMSG \
		again "rc VerifySignature 1 0x2db"
}

# What moves is what was approved, where to, or nothing. The first public key is that of
# who approves, the second the new parent's.
moves()
{
	local parent="LoadExternal of a new parent"

	cell "$parent, cut: EIO" duplicate EIO again "cut LoadExternal 2 9"
	cell "$parent, refused: EIO" duplicate EIO again "rc LoadExternal 2 0x101"
	cell "$parent, no room: ENOMEM" duplicate ENOMEM again \
		"rc LoadExternal 2 0x902"
	cell "$parent, another Name: EBADMSG" duplicate EBADMSG again \
		"word LoadExternal 2 30 0x12345678"
	cell "$parent, a handle that cannot be: EBADMSG" duplicate EBADMSG again \
		"word LoadExternal 2 10 0x80000005"
	cell "$parent, then a reset: ENODEV" duplicate ENODEV "again closed" \
		"reset LoadExternal 2"
	# The same key with other attributes, which nobody approved of.
	cell "$parent told of another: EBADMSG" duplicate EBADMSG again \
		"word-command LoadExternal 2 18 0x00030440"
	cell "VerifySignature of a move, not right: EKEYREJECTED" duplicate \
		EKEYREJECTED again "rc VerifySignature 1 0x2db"
	cell "PolicyDuplicationSelect told of another object: EBADMSG" duplicate \
		EBADMSG again "word-command PolicyDuplicationSelect 1 20 0x12345678"
	cell "PolicyAuthorize of a move that was none: EBADMSG" duplicate EBADMSG \
		again "rc PolicyAuthorize 1 0"
	cell "PolicyCommandCode that was none: EBADMSG" duplicate EBADMSG again \
		"rc PolicyCommandCode 1 0"
	# The policy is looked at before the HMAC.
	cell "Duplicate told of another object: EPERM" duplicate EPERM again \
		"word-command Duplicate 1 10 0x81000001"
	cell "Duplicate told of another parent: EPERM" duplicate EPERM again \
		"word-command Duplicate 1 14 0x81000001"
	cell "Duplicate, another secret: EBADMSG" duplicate EBADMSG again \
		"word Duplicate 1 200 0x12345678"
	cell "Import, another private part: EBADMSG" import EBADMSG again \
		"word Import 1 40 0x12345678"
	cell "Import told of another parent: ok" import ok again \
		"word-command Import 1 10 0x81000001"
	cell "Load of what came, flip: EBADMSG" import EBADMSG again "flip Load 1 -1"
	cell "Import of a recovery key, another private part: EBADMSG" recover EBADMSG \
		again "word Import 1 40 0x12345678"
	cell "Load of a recovery key, flip: EBADMSG" recover EBADMSG again \
		"flip Load 1 -1"
	# The HMAC does not hold, as if a context were another object's: once more.
	cell "Rewrap told of another parent: ok" recover ok again \
		"word-command Rewrap 1 14 0x81000001"
	cell "Rewrap told of another object: ok" recover ok again \
		"word-command Rewrap 1 150 0x12345678"
	cell "Rewrap told of another parent for ever: EKEYREJECTED" recover \
		EKEYREJECTED again "word-command Rewrap 0 14 0x81000001"
	cell "Rewrap, another secret: EBADMSG" recover EBADMSG again \
		"word Rewrap 1 200 0x12345678"
	cell "the recovery key's Flush, refused: ok" recover ok again \
		"rc FlushContext 1 0x101"
}

# Where a domain is under a policy, what the approval is for is each load and each
# making below it; a fault costs that one, and no later one.
guarded()
{
	local op=load-guarded

	cell "Load under a domain's policy, flip: EBADMSG" $op EBADMSG again \
		"flip Load 1 -1"
	cell "Load under a domain's policy, not by that policy: EPERM" $op EPERM \
		again "rc Load 1 0x99d"
	cell "Load under a domain's policy, no such handle: ok" $op ok again \
		"rc Load 1 0x18b"
	cell "Load under a domain's policy, then a reset: ENODEV" $op ENODEV closed \
		"reset Load 1"
	# The ASK is loaded anew, and the TDK above it asks for the approval, too.
	cell "an ASK's context refused, under a domain's policy: ok" $op ok again \
		"rc ContextLoad 1 0x1df"
	cell "all contexts refused, under a domain's policy: ok" $op ok again \
		"rc ContextLoad 0 0x1df"
	cell "an ASK loaded anew, not by the domain's policy: EPERM" $op EPERM again \
		"rc ContextLoad 1 0x1df + rc Load 1 0x99d"
	cell "LoadExternal for a domain, another Name: EBADMSG" $op EBADMSG again \
		"word LoadExternal 1 30 0x12345678"
	cell "VerifySignature for a domain, not right: EBADMSG" $op EBADMSG again \
		"rc VerifySignature 1 0x2db"
	cell "PolicyNV for a domain, another epoch: EPERM" $op EPERM again \
		"rc PolicyNV 1 0x126"
	cell "PolicyAuthorize for a domain, lost: EIO" $op EIO again \
		"cut PolicyAuthorize 1 9"
	cell "PolicyAuthorize for a domain that was none: EPERM" $op EPERM again \
		"rc PolicyAuthorize 1 0"
	cell "PCR_Read for a domain, another value: EPERM" $op EPERM again \
		"flip PCR_Read 1 -1"
	cell "an epoch that is over, for a domain, as one that is not: EPERM" \
		load-guarded-retired EPERM '' "replay PolicyNV 1"
	cell "Create of an ASK under a domain's policy, flip: EBADMSG" new-guarded \
		EBADMSG again "flip Create 1 -1"
	cell "Create of an ASK, not by the domain's policy: EPERM" new-guarded EPERM \
		again "rc Create 1 0x99d"
	cell "Create of a key under a domain's policy, flip: EBADMSG" new-guarded \
		EBADMSG again "flip Create 2 -1"
}

# A password is tried once, whatever happens; and first how many tries are left is
# asked, after two looks at what the TPM holds.
domains()
{
	cell "a password, flip: EBADMSG" unlock EBADMSG '' "flip ObjectChangeAuth 1 -1"
	cell "a password told of another object: EKEYREJECTED" unlock EKEYREJECTED '' \
		"flip-command ObjectChangeAuth 1 111"
	cell "a password, no such object for ever: ENOKEY" unlock ENOKEY '' \
		"rc ObjectChangeAuth 0 0x18b"
	cell "the TDK's load, flip: EBADMSG" unlock EBADMSG '' "flip Load 1 -1"
	cell "the tries left, refused: EIO" unlock EIO '' "rc GetCapability 3 0x101"
	cell "the tries left, cut: EIO" unlock EIO '' "cut-fix GetCapability 3 -1"
	# The highest byte of the counter: more than are allowed.
	cell "no tries left: EBUSY" unlock EBUSY '' \
		"word GetCapability 3 23 0x00ffffff"
}

# Some things do not end by themselves; each must, in its time.
for_ever()
{
	local command

	cell "RETRY for ever: EAGAIN" load EAGAIN '' "rc Load 0 0x922"
	cell "TESTING for ever: EAGAIN" load EAGAIN '' "rc Unseal 0 0x90a"
	cell "YIELDED for ever: EAGAIN" load EAGAIN '' "rc Load 0 0x908"
	cell "PCR_CHANGED for ever: EPERM" policy EPERM '' "rc Unseal 0 0x128"
	cell "no SRK for ever: ENOKEY" load ENOKEY '' \
		"rc StartAuthSession 0 0x18b"
	cell "no SRK, and none to be made: ENOKEY" no-srk ENOKEY '' \
		"rc CreatePrimary 0 0x98e"
	cell "no parent for ever: ENOKEY" load ENOKEY '' "rc Load 0 0x18b"
	cell "wrong HMACs for ever: EKEYREJECTED" load EKEYREJECTED '' \
		"rc Load 0 0x98e"
	cell "a deaf TPM: EAGAIN" load EAGAIN "s=60 leaks" \
		"rc Load 0 0x922 + rc FlushContext 0 0x922"
	for command in StartAuthSession ContextLoad Load Unseal; do
		cell "$command cut for ever: EIO" load EIO '' "cut $command 0 9"
	done
	cell "flips for ever: EBADMSG" load EBADMSG '' "flip Unseal 0 -1"
}

# With a driver that loses its patience with one command: patience/.
silence()
{
	local command

	for command in "${commands[@]}"; do
		try "$command" drop drop
		try "$command" lose lose
	done
	cell "an answer that comes too late: ETIMEDOUT" load ETIMEDOUT hurry=Load \
		"delay Load 1 1000"
	# Two looks, StartAuthSession, ContextLoad, Load, and one flush, whose
	# silence is the second and the last; then the test's own PCR_Read.
	cell "silence for ever: ETIMEDOUT" load ETIMEDOUT \
		"n=7 leaks hurry=Load,FlushContext" \
		"drop Load 0 + lose FlushContext 0"
}

table()
{
	local command

	for command in "${commands[@]}"; do
		faults "$command"
		codes_of "$command"
	done
	swaps
	others
	uses
	approvals
	moves
	guarded
	domains
	certificates
	for_ever
}

# Each bit of each answer. What is not authenticated by itself may be refused
# in more ways, by the TPM at the next command.
bits()
{
	local refused=EBADMSG/EIO
	local by_tpm=$refused/EKEYREJECTED/ENOKEY/EPERM/ok

	echo "bits StartAuthSession, each bit | flat | $by_tpm | StartAuthSession 1"
	echo "bits ContextLoad, each bit | load | $by_tpm | ContextLoad 1"
	echo "bits Load, each bit | load | $by_tpm | Load 1"
	echo "bits Unseal, each bit | flat | $refused | Unseal 1"
	if [ -n "${TKM_LONG:-}" ]; then
		echo "bits Unseal, each bit, policy and auth | flat-policy | $refused | Unseal 1"
	fi
	echo "bits FlushContext, each bit | load | ok | FlushContext 1"
	echo "bits second FlushContext, each bit | load | ok | FlushContext 2"
	# A single bit of the code makes 0x100 too: no startup since the reset.
	echo "bits PolicyPCR, each bit | flat-policy | EIO/ENODEV | PolicyPCR 1"
	echo "bits PolicyAuthValue, each bit | flat-policy | EIO/ENODEV | PolicyAuthValue 1"
	echo "bits PolicyOR, each bit | policy | EIO/ENODEV | PolicyOR 1"
	# Every signature is verified, everything else is under an HMAC.
	echo "bits Sign, each bit | sign | $refused | Sign 1"
	echo "bits RSA_Decrypt, each bit | open | $refused | RSA_Decrypt 1"
	echo "bits ContextLoad to sign, each bit | sign | $by_tpm | ContextLoad 1"
	if [ -n "${TKM_LONG:-}" ]; then
		echo "bits ECDH_ZGen, each bit | share | $refused | ECDH_ZGen 1"
		echo "bits Sign, each bit, RSA | sign-rsa | $refused | Sign 1"
		echo "bits Sign, each bit, policy and auth | sign-policy | $refused | Sign 1"
		echo "bits Duplicate, each bit | duplicate | $refused | Duplicate 1"
		echo "bits Import, each bit | import | $refused | Import 1"
	fi
	# What is altered in a ticket is found out when it is used.
	echo "bits LoadExternal, each bit | approved | $refused/ok | LoadExternal 1"
	echo "bits VerifySignature, each bit | approved | EIO/ok | VerifySignature 1"
	echo "bits PolicyNV, each bit | approved | $refused | PolicyNV 1"
	echo "bits PolicyAuthorize, each bit | approved | EIO/ENODEV | PolicyAuthorize 1"
	echo "bits PolicyRestart, each bit | approved-second | EIO/ENODEV | PolicyRestart 1"
	echo "bits Rewrap, each bit | recover | $refused | Rewrap 1"
	echo "bits Certify, each bit | certify | $refused | Certify 1"
	echo "bits CreatePrimary of the attestation key, each bit | certify | $refused/ENOKEY/ok | CreatePrimary 1"
	echo "bits GetCapability, each bit | flat | ok | GetCapability 1"
}

if [ $# = 0 ]; then
	table
	silence
	bits
	exit
fi
"$build/cells" "$1" "$2" < <(
	case ${TKM_PART:-table} in
	table) table ;;
	silence) silence ;;
	bits) bits ;;
	esac | grep -E "${TKM_CELLS:-}")
