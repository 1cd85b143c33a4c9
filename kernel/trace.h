/* SPDX-License-Identifier: GPL-2.0 */
/* Tracepoints: every TPM command, with the code that no errno shows. */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM tkm

#if !defined(TKM_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define TKM_TRACE_H

#include <linux/tracepoint.h>

#include "core.h"

#define tkm_show_command(cc)                                                 \
	__print_symbolic(cc, { TPM_CC_EVICT_CONTROL, "EvictControl" },       \
			 { TPM_CC_CREATE_PRIMARY, "CreatePrimary" },         \
			 { TPM_CC_CERTIFY, "Certify" },                      \
			 { TPM_CC_CREATE, "Create" },                        \
			 { TPM_CC_LOAD, "Load" },                            \
			 { TPM_CC_ECDH_ZGEN, "ECDH_ZGen" },                  \
			 { TPM_CC_RSA_DECRYPT, "RSA_Decrypt" },              \
			 { TPM_CC_SIGN, "Sign" },                            \
			 { TPM_CC_UNSEAL, "Unseal" },                        \
			 { TPM_CC_CONTEXT_LOAD, "ContextLoad" },             \
			 { TPM_CC_CONTEXT_SAVE, "ContextSave" },             \
			 { TPM_CC_FLUSH_CONTEXT, "FlushContext" },           \
			 { TPM_CC_LOAD_EXTERNAL, "LoadExternal" },           \
			 { TPM_CC_POLICY_NV, "PolicyNV" },                   \
			 { TPM_CC_POLICY_AUTHORIZE, "PolicyAuthorize" },     \
			 { TPM_CC_VERIFY_SIGNATURE, "VerifySignature" },     \
			 { TPM_CC_POLICY_RESTART, "PolicyRestart" },         \
			 { TPM_CC_POLICY_AUTH_VALUE, "PolicyAuthValue" },    \
			 { TPM_CC_POLICY_OR, "PolicyOR" },                   \
			 { TPM_CC_READ_PUBLIC, "ReadPublic" },               \
			 { TPM_CC_START_AUTH_SESSION, "StartAuthSession" },  \
			 { TPM_CC_GET_CAPABILITY, "GetCapability" },         \
			 { TPM_CC_PCR_READ, "PCR_Read" },                    \
			 { TPM_CC_POLICY_PCR, "PolicyPCR" },                 \
			 { TPM_CC_DUPLICATE, "Duplicate" },                  \
			 { TPM_CC_REWRAP, "Rewrap" },                        \
			 { TPM_CC_IMPORT, "Import" },                        \
			 { TPM_CC_POLICY_COMMAND_CODE, "PolicyCommandCode" }, \
			 { TPM_CC_POLICY_DUPLICATION_SELECT,                 \
			   "PolicyDuplicationSelect" },                      \
			 { TPM_CC_TEST_PARMS, "TestParms" })

/*
 * One TPM command. @rc is the TPM's response code; @err is 0 or why the answer
 * was not believed (then @rc means nothing).
 */
TRACE_EVENT(tkm_tpm_command,
	TP_PROTO(u32 cc, size_t sent, size_t received, u32 rc, int err,
		 s64 usec),
	TP_ARGS(cc, sent, received, rc, err, usec),
	TP_STRUCT__entry(
		__field(u32, cc)
		__field(u32, sent)
		__field(u32, received)
		__field(u32, rc)
		__field(int, err)
		__field(s64, usec)
	),
	TP_fast_assign(
		__entry->cc = cc;
		__entry->sent = sent;
		__entry->received = received;
		__entry->rc = rc;
		__entry->err = err;
		__entry->usec = usec;
	),
	TP_printk("%s sent=%u received=%u rc=0x%03x err=%d usec=%lld",
		  tkm_show_command(__entry->cc), __entry->sent,
		  __entry->received, __entry->rc, __entry->err, __entry->usec)
);

#endif /* TKM_TRACE_H */

#undef TRACE_INCLUDE_PATH
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_PATH .
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
