// libcurl, loaded with dlopen(3) when it is first used: linked, it and the twenty libraries it brings would be paid for
// by every start of every executable. The variadic functions of libcurl get one typed wrapper a type of argument.
#ifndef KILT_CCURL_SHIMS_H
#define KILT_CCURL_SHIMS_H

// The macros that check the types of curl_easy_setopt's arguments are for its callers in C.
#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>
#include <signal.h>
#include <stdint.h>

/// Loads libcurl and initialises it, once for the process. NULL when it is ready; otherwise why it is not, a string that
/// stays valid. Call it before anything else of this header, from any thread.
const char *kilt_curl_load(void);

/// curl_version(3).
const char *kilt_curl_version(void);

CURL *kilt_curl_easy_init(void);
void kilt_curl_easy_reset(CURL *easy);
void kilt_curl_easy_cleanup(CURL *easy);
const char *kilt_curl_easy_strerror(CURLcode code);

// curl_easy_setopt(3) by the type of the option's argument.
CURLcode kilt_curl_set_long(CURL *easy, CURLoption option, long value);
CURLcode kilt_curl_set_offset(CURL *easy, CURLoption option, int64_t value);
CURLcode kilt_curl_set_string(CURL *easy, CURLoption option, const char *value);
CURLcode kilt_curl_set_pointer(CURL *easy, CURLoption option, void *value);
CURLcode kilt_curl_set_list(CURL *easy, CURLoption option, struct curl_slist *value);

/// A callback that gets or fills `size` bytes. For reading, the return value is how many bytes were filled
/// (CURL_READFUNC_ABORT to give up); for writing and headers, how many were taken (anything but `size` gives up).
typedef size_t (*kilt_curl_bytes)(char *bytes, size_t one, size_t size, void *context);
/// Goes back to `offset` of the body. CURL_SEEKFUNC_OK, or CURL_SEEKFUNC_FAIL.
typedef int (*kilt_curl_seek)(void *context, curl_off_t offset, int origin);

CURLcode kilt_curl_on_body(CURL *easy, kilt_curl_bytes function, void *context);
CURLcode kilt_curl_on_header(CURL *easy, kilt_curl_bytes function, void *context);
CURLcode kilt_curl_on_upload(CURL *easy, kilt_curl_bytes read, kilt_curl_seek seek, void *context);

/// Only http: and https:, also after a redirect.
CURLcode kilt_curl_allow_only_http(CURL *easy);

/// Stores the value; 0 where that fails.
CURLcode kilt_curl_get_offset(CURL *easy, CURLINFO info, int64_t *value);
/// Valid until the handle is used again; may be NULL.
const char *kilt_curl_get_string(CURL *easy, CURLINFO info);

struct curl_slist *kilt_curl_slist_append(struct curl_slist *list, const char *line);
void kilt_curl_slist_free(struct curl_slist *list);

CURLM *kilt_curl_multi_init(void);
CURLMcode kilt_curl_multi_cleanup(CURLM *multi);
CURLMcode kilt_curl_multi_add(CURLM *multi, CURL *easy);
CURLMcode kilt_curl_multi_remove(CURLM *multi, CURL *easy);
/// Does what can be done without waiting; `running` becomes 0 when the transfer is over.
CURLMcode kilt_curl_multi_perform(CURLM *multi, int *running);
/// Waits until there is something to do, `milliseconds` have passed or another thread calls kilt_curl_multi_wakeup.
CURLMcode kilt_curl_multi_poll(CURLM *multi, int milliseconds);
CURLMcode kilt_curl_multi_wakeup(CURLM *multi);
/// The result of a transfer that is over: 1 and the code, or 0 when there is none.
int kilt_curl_multi_result(CURLM *multi, CURLcode *code);
const char *kilt_curl_multi_strerror(CURLMcode code);

/// Blocks SIGPIPE in this thread. TLS libraries write to sockets with write(2), and a peer that has closed must be an
/// error, not the end of the process; changing the disposition would change it for the children too.
void kilt_block_sigpipe(sigset_t *before);
/// Takes a pending SIGPIPE away and restores what kilt_block_sigpipe stored.
void kilt_restore_sigpipe(const sigset_t *before);

#endif
