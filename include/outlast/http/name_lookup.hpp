// SPDX-License-Identifier: BSL-1.0
//
// Why a name could not be looked up: there is no such host, or nobody could say.
#ifndef OUTLAST_HTTP_NAME_LOOKUP_HPP
#define OUTLAST_HTTP_NAME_LOOKUP_HPP

#include "outlast/http/error.hpp"
#include "outlast/http/limits.hpp"

#include <netdb.h>
#include <sys/socket.h>

#include <cerrno>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>

namespace outlast::http {

/// What an answer of `getaddrinfo` means. \param os_errno counts for `EAI_SYSTEM` only
[[nodiscard]] constexpr errc lookup_error(int eai, int os_errno) noexcept {
    switch (eai) {
    case EAI_NONAME:
#if defined(EAI_NODATA) && EAI_NODATA != EAI_NONAME
    case EAI_NODATA:
#endif
        return errc::name_not_found;
    case EAI_MEMORY:
        return errc::local_resources;
    case EAI_SYSTEM:
        return os_errno == EMFILE || os_errno == ENFILE ? errc::local_resources
                                                        : errc::name_lookup_failed;
    default: // EAI_AGAIN, EAI_FAIL; and 0: now there is an answer
        return errc::name_lookup_failed;
    }
}

/// Looks a host up once more to learn why it failed. libcurl has one code for all reasons and keeps
/// the resolver's own to itself; this costs one more query, only after a failed look-up.
///
/// `getaddrinfo` cannot be stopped, so it runs on a thread of its own, which is left behind when
/// the limits end the wait; it ends by itself when the resolver gives up, and touches nothing of
/// the caller's. \return `name_lookup_failed` also when there was no time to learn more.
[[nodiscard]] inline errc why_lookup_failed(const std::string& host, const limits& until) {
    struct shared {
        std::mutex mutex;
        std::condition_variable_any done;
        bool is_done = false;
        errc answer = errc::name_lookup_failed;
    };
    const auto state = std::make_shared<shared>();
    try {
        std::thread{[state, host] {
            addrinfo hints{};
            hints.ai_socktype = SOCK_STREAM;
            addrinfo* found = nullptr;
            const int eai = ::getaddrinfo(host.c_str(), nullptr, &hints, &found);
            const errc answer = lookup_error(eai, errno);
            if (eai == 0)
                ::freeaddrinfo(found);
            const std::lock_guard lock{state->mutex};
            state->answer = answer;
            state->is_done = true;
            state->done.notify_all();
        }}.detach();
    } catch (const std::system_error&) {
        return errc::local_resources; // no thread to be had
    }
    std::unique_lock lock{state->mutex};
    state->done.wait_until(lock, until.stop, until.by, [&] { return state->is_done; });
    if (!state->is_done && until.stop.stop_requested())
        return errc::cancelled;
    return state->answer;
}

} // namespace outlast::http

#endif // OUTLAST_HTTP_NAME_LOOKUP_HPP
