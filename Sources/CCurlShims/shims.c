#define _GNU_SOURCE
#include "CCurlShims.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <time.h>

/// The functions of libcurl that are used, by the types of its own header.
static struct {
  __typeof__(curl_global_init) *global_init;
  __typeof__(curl_version) *version;
  __typeof__(curl_easy_init) *easy_init;
  __typeof__(curl_easy_reset) *easy_reset;
  __typeof__(curl_easy_cleanup) *easy_cleanup;
  __typeof__(curl_easy_strerror) *easy_strerror;
  __typeof__(curl_easy_setopt) *easy_setopt;
  __typeof__(curl_easy_getinfo) *easy_getinfo;
  __typeof__(curl_slist_append) *slist_append;
  __typeof__(curl_slist_free_all) *slist_free_all;
  __typeof__(curl_multi_init) *multi_init;
  __typeof__(curl_multi_cleanup) *multi_cleanup;
  __typeof__(curl_multi_add_handle) *multi_add_handle;
  __typeof__(curl_multi_remove_handle) *multi_remove_handle;
  __typeof__(curl_multi_perform) *multi_perform;
  __typeof__(curl_multi_poll) *multi_poll;
  __typeof__(curl_multi_wakeup) *multi_wakeup;
  __typeof__(curl_multi_info_read) *multi_info_read;
  __typeof__(curl_multi_strerror) *multi_strerror;
} curl;

static char failure[512];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static int resolve(void *library, const char *name, void **function) {
  *function = dlsym(library, name);
  if (*function) return 1;
  snprintf(failure, sizeof failure, "libcurl is too old: it has no function %s", name);
  return 0;
}

static void load(void) {
  // One API and ABI under several names: the OpenSSL build, the GnuTLS build of Debian and its relatives.
  static const char *const names[] = {"libcurl.so.4", "libcurl-gnutls.so.4"};
  void *library = NULL;
  for (size_t i = 0; !library && i < sizeof names / sizeof *names; i++) {
    library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
    if (!library && i == 0) {
      const char *reason = dlerror();
      snprintf(failure, sizeof failure, "%s", reason ? reason : "libcurl.so.4: not found");
    }
  }
  if (!library) return;
  int found = resolve(library, "curl_global_init", (void **)&curl.global_init) &&
              resolve(library, "curl_version", (void **)&curl.version) &&
              resolve(library, "curl_easy_init", (void **)&curl.easy_init) &&
              resolve(library, "curl_easy_reset", (void **)&curl.easy_reset) &&
              resolve(library, "curl_easy_cleanup", (void **)&curl.easy_cleanup) &&
              resolve(library, "curl_easy_strerror", (void **)&curl.easy_strerror) &&
              resolve(library, "curl_easy_setopt", (void **)&curl.easy_setopt) &&
              resolve(library, "curl_easy_getinfo", (void **)&curl.easy_getinfo) &&
              resolve(library, "curl_slist_append", (void **)&curl.slist_append) &&
              resolve(library, "curl_slist_free_all", (void **)&curl.slist_free_all) &&
              resolve(library, "curl_multi_init", (void **)&curl.multi_init) &&
              resolve(library, "curl_multi_cleanup", (void **)&curl.multi_cleanup) &&
              resolve(library, "curl_multi_add_handle", (void **)&curl.multi_add_handle) &&
              resolve(library, "curl_multi_remove_handle", (void **)&curl.multi_remove_handle) &&
              resolve(library, "curl_multi_perform", (void **)&curl.multi_perform) &&
              resolve(library, "curl_multi_poll", (void **)&curl.multi_poll) &&
              resolve(library, "curl_multi_wakeup", (void **)&curl.multi_wakeup) &&
              resolve(library, "curl_multi_info_read", (void **)&curl.multi_info_read) &&
              resolve(library, "curl_multi_strerror", (void **)&curl.multi_strerror);
  if (!found) return;
  CURLcode code = curl.global_init(CURL_GLOBAL_DEFAULT);
  if (code == CURLE_OK) {
    failure[0] = 0;
  } else {
    snprintf(failure, sizeof failure, "libcurl does not start: %s", curl.easy_strerror(code));
  }
}

const char *kilt_curl_load(void) {
  pthread_once(&once, load);
  return failure[0] ? failure : NULL;
}

const char *kilt_curl_version(void) { return curl.version(); }

CURL *kilt_curl_easy_init(void) { return curl.easy_init(); }
void kilt_curl_easy_reset(CURL *easy) { curl.easy_reset(easy); }
void kilt_curl_easy_cleanup(CURL *easy) { curl.easy_cleanup(easy); }
const char *kilt_curl_easy_strerror(CURLcode code) { return curl.easy_strerror(code); }

CURLcode kilt_curl_set_long(CURL *easy, CURLoption option, long value) {
  return curl.easy_setopt(easy, option, value);
}
CURLcode kilt_curl_set_offset(CURL *easy, CURLoption option, int64_t value) {
  return curl.easy_setopt(easy, option, (curl_off_t)value);
}
CURLcode kilt_curl_set_string(CURL *easy, CURLoption option, const char *value) {
  return curl.easy_setopt(easy, option, value);
}
CURLcode kilt_curl_set_pointer(CURL *easy, CURLoption option, void *value) {
  return curl.easy_setopt(easy, option, value);
}
CURLcode kilt_curl_set_list(CURL *easy, CURLoption option, struct curl_slist *value) {
  return curl.easy_setopt(easy, option, value);
}

CURLcode kilt_curl_on_body(CURL *easy, kilt_curl_bytes function, void *context) {
  CURLcode code = curl.easy_setopt(easy, CURLOPT_WRITEFUNCTION, function);
  return code ? code : curl.easy_setopt(easy, CURLOPT_WRITEDATA, context);
}
CURLcode kilt_curl_on_header(CURL *easy, kilt_curl_bytes function, void *context) {
  CURLcode code = curl.easy_setopt(easy, CURLOPT_HEADERFUNCTION, function);
  return code ? code : curl.easy_setopt(easy, CURLOPT_HEADERDATA, context);
}
CURLcode kilt_curl_on_upload(CURL *easy, kilt_curl_bytes read, kilt_curl_seek seek, void *context) {
  CURLcode code = curl.easy_setopt(easy, CURLOPT_READFUNCTION, read);
  if (!code) code = curl.easy_setopt(easy, CURLOPT_READDATA, context);
  if (!code) code = curl.easy_setopt(easy, CURLOPT_SEEKFUNCTION, seek);
  return code ? code : curl.easy_setopt(easy, CURLOPT_SEEKDATA, context);
}

CURLcode kilt_curl_allow_only_http(CURL *easy) {
// The options that replace these two came with libcurl 7.85, which Ubuntu 22.04 does not have.
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wdeprecated-declarations"
  CURLcode code = curl.easy_setopt(easy, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
  return code ? code
              : curl.easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#pragma clang diagnostic pop
}

CURLcode kilt_curl_get_offset(CURL *easy, CURLINFO info, int64_t *value) {
  curl_off_t found = 0;
  CURLcode code = curl.easy_getinfo(easy, info, &found);
  *value = code == CURLE_OK ? found : 0;
  return code;
}
const char *kilt_curl_get_string(CURL *easy, CURLINFO info) {
  const char *value = NULL;
  return curl.easy_getinfo(easy, info, &value) == CURLE_OK ? value : NULL;
}

struct curl_slist *kilt_curl_slist_append(struct curl_slist *list, const char *line) {
  return curl.slist_append(list, line);
}
void kilt_curl_slist_free(struct curl_slist *list) { curl.slist_free_all(list); }

CURLM *kilt_curl_multi_init(void) { return curl.multi_init(); }
CURLMcode kilt_curl_multi_cleanup(CURLM *multi) { return curl.multi_cleanup(multi); }
CURLMcode kilt_curl_multi_add(CURLM *multi, CURL *easy) { return curl.multi_add_handle(multi, easy); }
CURLMcode kilt_curl_multi_remove(CURLM *multi, CURL *easy) { return curl.multi_remove_handle(multi, easy); }
CURLMcode kilt_curl_multi_perform(CURLM *multi, int *running) { return curl.multi_perform(multi, running); }
CURLMcode kilt_curl_multi_poll(CURLM *multi, int milliseconds) {
  return curl.multi_poll(multi, NULL, 0, milliseconds, NULL);
}
CURLMcode kilt_curl_multi_wakeup(CURLM *multi) { return curl.multi_wakeup(multi); }
int kilt_curl_multi_result(CURLM *multi, CURLcode *code) {
  int left = 0;
  CURLMsg *message;
  while ((message = curl.multi_info_read(multi, &left))) {
    if (message->msg == CURLMSG_DONE) {
      *code = message->data.result;
      return 1;
    }
  }
  return 0;
}
const char *kilt_curl_multi_strerror(CURLMcode code) { return curl.multi_strerror(code); }

void kilt_block_sigpipe(sigset_t *before) {
  sigset_t pipe;
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe, before);
}

void kilt_restore_sigpipe(const sigset_t *before) {
  if (!sigismember(before, SIGPIPE)) {
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    const struct timespec none = {0, 0};
    while (sigtimedwait(&pipe, NULL, &none) == SIGPIPE) {
    }
  }
  pthread_sigmask(SIG_SETMASK, before, NULL);
}
