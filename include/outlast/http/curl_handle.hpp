// SPDX-License-Identifier: BSL-1.0
//
// One HTTP exchange at a time over libcurl, ended by a deadline or a stop wherever it stands.
#ifndef OUTLAST_HTTP_CURL_HANDLE_HPP
#define OUTLAST_HTTP_CURL_HANDLE_HPP

#include "outlast/http/curl_errors.hpp"
#include "outlast/http/curl_exchange.hpp"
#include "outlast/http/curl_header_lines.hpp"
#include "outlast/http/curl_options.hpp"
#include "outlast/http/curl_target.hpp"
#include "outlast/http/error.hpp"
#include "outlast/http/limits.hpp"
#include "outlast/http/message.hpp"
#include "outlast/http/name_lookup.hpp"
#include "outlast/http/request_check.hpp"
#include "outlast/http/result.hpp"

#include <curl/curl.h>

#include <algorithm> // std::clamp, std::min
#include <chrono>
#include <memory>
#include <new> // std::bad_alloc
#include <optional>
#include <stop_token>
#include <string>
#include <utility> // std::move

// CURLOPT_QUICK_EXIT: without it, leaving a stuck name look-up waits for the resolver.
#if LIBCURL_VERSION_NUM < 0x075700
#error "outlast/http/curl.hpp needs libcurl 7.87 or later"
#endif

namespace outlast::http {

/// A libcurl handle that keeps its connection between calls. One call at a time.
///
/// Deadline and stop are looked at before the call, whenever it waits, and in the instant before
/// the request is written: no request leaves after either. Leaving a call early closes its
/// connection. A name look-up that is stuck is left on its own thread (libcurl's), which ends when
/// the resolver gives up.
///
/// A kept connection that the server has closed meanwhile is replaced by libcurl, once, and the
/// request is written again on the new one. That is no failure, and it is only done when not one
/// byte of an answer had come; the server may then have seen the request twice.
class curl_handle {
public:
    /// \return nothing when the process is out of descriptors. Throws `std::bad_alloc`.
    [[nodiscard]] static std::unique_ptr<curl_handle> make() {
        std::unique_ptr<curl_handle> made{new curl_handle};
        if (!made->easy_ || !made->multi_)
            throw std::bad_alloc{};
        // A multi handle that got no descriptors for its alarm works, and cannot be woken.
        if (curl_multi_wakeup(made->multi_.get()) != CURLM_OK)
            return nullptr;
        // One idle connection a handle, so that the bound on handles is one on connections.
        curl_multi_setopt(made->multi_.get(), CURLMOPT_MAXCONNECTS, 1L);
        return made;
    }

    /// Runs one exchange. \pre `is_sendable(asked)`; `target` was read from `asked.url`
    [[nodiscard]] detail::result<response> run(const request& asked,
                                               const curl_target& target,
                                               const curl_options& options,
                                               const limits& until) {
        const auto start = std::chrono::steady_clock::now();
        curl_exchange call{asked, target, options, until};
        curl_header_lines headers{asked, has_body(asked)};
        struct forgetting { // what the options point to ends with this call; the connection stays
            CURL* easy;
            ~forgetting() { curl_easy_reset(easy); }
        } const forget_on_return{easy_.get()};
        if (const CURLcode code = configure(call, headers.list()); code != CURLE_OK) {
            if (code == CURLE_OUT_OF_MEMORY)
                throw std::bad_alloc{};
            return errc::bad_setup;
        }
        const std::optional<errc> failure = drive(call, until);
        if (call.out_of_memory)
            throw std::bad_alloc{};
        if (failure == errc::name_lookup_failed && !target.is_literal) {
            const auto enough = start + options.connect_timeout;
            return why_lookup_failed(target.host, {std::min(until.by, enough), until.stop});
        }
        if (failure)
            return *failure;
        return std::move(call.reader).take();
    }

private:
    using clock = std::chrono::steady_clock;

    struct easy_deleter {
        void operator()(CURL* easy) const noexcept { curl_easy_cleanup(easy); }
    };
    struct multi_deleter {
        void operator()(CURLM* multi) const noexcept { curl_multi_cleanup(multi); }
    };

    curl_handle() : multi_(curl_multi_init()), easy_(curl_easy_init()) {}

    // Every option is set anew for each call; the first that is not taken ends it, so that no
    // request runs without a protection that an older libcurl does not have.
    CURLcode configure(curl_exchange& call, curl_slist* headers) {
        CURLcode code = CURLE_OK;
        const auto set = [&](CURLoption option, auto value) {
            if (code == CURLE_OK)
                code = curl_easy_setopt(easy_.get(), option, value);
        };
        const auto or_none = [](const std::string& s) { return s.empty() ? nullptr : s.c_str(); };
        const curl_options& o = call.options;

        set(CURLOPT_CURLU, call.target.url.get());
        set(CURLOPT_PROTOCOLS_STR, "http,https");
        set(CURLOPT_REDIR_PROTOCOLS_STR, "https");
        set(CURLOPT_FOLLOWLOCATION, 0L);
        set(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
        set(CURLOPT_PROXY, ""); // set and empty: none from the environment either
        set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
        set(CURLOPT_NOSIGNAL, 1L);
        set(CURLOPT_QUICK_EXIT, 1L);
        set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
        set(CURLOPT_HTTP09_ALLOWED, 0L);
        set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(o.connect_timeout.count()));
        set(CURLOPT_MAXAGE_CONN, static_cast<long>(o.reuse_idle_for.count()));
        set(CURLOPT_MAXLIFETIME_CONN, static_cast<long>(o.reconnect_after.count()));
        set(CURLOPT_FORBID_REUSE, o.reuse_idle_for.count() == 0 ? 1L : 0L);

        set(CURLOPT_SSL_VERIFYPEER, 1L);
        set(CURLOPT_SSL_VERIFYHOST, 2L);
        set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
        // A resumed session is not verified again: each connection shows its certificate.
        set(CURLOPT_SSL_SESSIONID_CACHE, 0L);
        if (!o.ca_file.empty() || !o.ca_path.empty()) { // both, or the system's stays beside ours
            set(CURLOPT_CAINFO, or_none(o.ca_file));
            set(CURLOPT_CAPATH, or_none(o.ca_path));
            set(CURLOPT_CA_CACHE_TIMEOUT, 600L); // a new file is seen after ten minutes
        }
        if (!o.client_certificate.empty()) {
            set(CURLOPT_SSLCERT, o.client_certificate.c_str());
            set(CURLOPT_SSLKEY, o.client_key.c_str());
            set(CURLOPT_KEYPASSWD, o.client_key_password.c_str()); // or OpenSSL asks the terminal
        }

        set(CURLOPT_HTTPHEADER, headers);
        if (!o.user_agent.empty())
            set(CURLOPT_USERAGENT, o.user_agent.c_str());
        if (call.asked.method == "HEAD") {
            set(CURLOPT_NOBODY, 1L);
        } else if (has_body(call.asked)) {
            set(CURLOPT_POST, 1L);
            set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(call.asked.body.size()));
            set(CURLOPT_POSTFIELDS, call.asked.body.data()); // not copied
            if (call.asked.method != "POST")
                set(CURLOPT_CUSTOMREQUEST, call.asked.method.c_str());
        } else {
            set(CURLOPT_HTTPGET, 1L);
            if (call.asked.method != "GET")
                set(CURLOPT_CUSTOMREQUEST, call.asked.method.c_str());
        }

        set(CURLOPT_ERRORBUFFER, call.text.data());
        set(CURLOPT_OPENSOCKETFUNCTION, &curl_exchange::on_open_socket);
        set(CURLOPT_OPENSOCKETDATA, &call);
        set(CURLOPT_PREREQFUNCTION, &curl_exchange::on_connected);
        set(CURLOPT_PREREQDATA, &call);
        set(CURLOPT_HEADERFUNCTION, &curl_exchange::on_header);
        set(CURLOPT_HEADERDATA, &call);
        set(CURLOPT_WRITEFUNCTION, &curl_exchange::on_body);
        set(CURLOPT_WRITEDATA, &call);
        // Where libcurl is built on another library than OpenSSL this is not taken, and silence in
        // the handshake is reported as `connect_timeout`.
        curl_easy_setopt(easy_.get(), CURLOPT_SSL_CTX_FUNCTION, &curl_exchange::on_handshake);
        curl_easy_setopt(easy_.get(), CURLOPT_SSL_CTX_DATA, &call);
        return code;
    }

    // \return what failed, or nothing when the answer is complete
    std::optional<errc> drive(curl_exchange& call, const limits& until) {
        CURLM* const multi = multi_.get();
        if (until.stop.stop_requested())
            return errc::cancelled;
        if (clock::now() >= until.by)
            return errc::deadline_passed;
        if (curl_multi_add_handle(multi, easy_.get()) != CURLM_OK)
            throw std::bad_alloc{};
        struct removal {
            CURLM* multi;
            CURL* easy;
            ~removal() { curl_multi_remove_handle(multi, easy); } // closes what is unfinished
        } const remove_on_return{multi, easy_.get()};
        const auto wake = [multi]() noexcept { curl_multi_wakeup(multi); };
        const std::stop_callback wake_on_stop{until.stop, wake};

        for (;;) {
            int running = 0;
            if (curl_multi_perform(multi, &running) != CURLM_OK)
                return lost(call);
            if (running == 0)
                break;
            if (until.stop.stop_requested())
                return errc::cancelled;
            const auto now = clock::now();
            if (now >= until.by)
                return timeout_at(stage(call));
            // One millisecond more than is left, or the last one would be spent in a busy loop.
            using std::chrono::milliseconds;
            const auto left = std::chrono::floor<milliseconds>(until.by - now) + milliseconds{1};
            const auto nap = std::clamp(left, milliseconds{1}, milliseconds{60'000});
            if (curl_multi_poll(multi, nullptr, 0, static_cast<int>(nap.count()), nullptr) !=
                CURLM_OK) {
                return lost(call);
            }
        }

        int queued = 0;
        const CURLMsg* const message = curl_multi_info_read(multi, &queued);
        if (message == nullptr)
            return lost(call);
        const CURLcode code = message->data.result;
        if (call.refusal)
            return call.refusal;
        if (call.reader.failure())
            return call.reader.failure();
        if (code == CURLE_OK) {
            if (!call.reader.has_headers())
                return errc::closed_early; // in the headers: libcurl does not mind
            return std::nullopt;
        }
        curl_facts facts{.code = code, .stage = stage(call), .text = call.text.data()};
        curl_easy_getinfo(easy_.get(), CURLINFO_OS_ERRNO, &facts.os_errno);
        curl_easy_getinfo(easy_.get(), CURLINFO_SSL_VERIFYRESULT, &facts.verify_result);
        return classify(facts);
    }

    static curl_stage stage(const curl_exchange& call) noexcept {
        if (call.times_sent != 0)
            return curl_stage::asked;
        if (call.has_tcp)
            return curl_stage::handshaking;
        return call.has_address || call.target.is_literal ? curl_stage::connecting
                                                          : curl_stage::resolving;
    }

    // libcurl's own machinery failed: no descriptors for its alarm, or poll(2) said no.
    static errc lost(const curl_exchange& call) noexcept {
        return call.times_sent != 0 ? errc::connection_reset : errc::local_resources;
    }

    // The multi handle goes last: it owns the connections.
    std::unique_ptr<CURLM, multi_deleter> multi_;
    std::unique_ptr<CURL, easy_deleter> easy_;
};

} // namespace outlast::http

#endif // OUTLAST_HTTP_CURL_HANDLE_HPP
