// SPDX-License-Identifier: BSL-1.0
//
// An authorization server that is a script: a transport which answers by token, and keeps what it
// was asked.
#ifndef OUTLAST_TESTS_OAUTH2_SUPPORT_SERVER_HPP
#define OUTLAST_TESTS_OAUTH2_SUPPORT_SERVER_HPP

#include <outlast/http/error.hpp>
#include <outlast/http/limits.hpp>
#include <outlast/http/message.hpp>
#include <outlast/result.hpp>
#include <outlast/world.hpp>

#include <deque>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace outlast_tests {

/// What one attempt comes to: an answer, or a failure of the transport.
struct reply {
    outlast::http::response answer{};
    std::error_code lost{};
    outlast::duration takes{};

    [[nodiscard]] outlast::result<outlast::http::response> outcome() const {
        if (lost)
            return lost;
        return answer;
    }
    [[nodiscard]] reply after(outlast::duration span) const {
        reply later = *this;
        later.takes = span;
        return later;
    }
    [[nodiscard]] reply with(std::string name, std::string value) const {
        reply more = *this;
        more.answer.headers.add(std::move(name), std::move(value));
        return more;
    }
};

inline reply
answers(int status, std::string_view body = "{}", std::string_view type = "application/json") {
    reply r;
    r.answer.status = status;
    if (!type.empty())
        r.answer.headers.add("Content-Type", std::string{type});
    r.answer.body = body;
    return r;
}
inline reply says(std::string_view body) { return answers(200, body); }
inline reply fails(outlast::http::errc e) {
    reply r;
    r.lost = e;
    return r;
}
inline reply refuses() { return fails(outlast::http::errc::connection_refused); }
/// Takes the request, and that is all.
inline reply hangs() { return refuses().after(outlast::forever); }

/// The parameter `token` of a form, as it is written there.
inline std::string token_in(const std::string& body) {
    constexpr std::string_view name = "token=";
    const std::size_t begin = body.starts_with(name) ? name.size() : std::string::npos;
    return begin == std::string::npos ? "" : body.substr(begin, body.find('&') - begin);
}

class scripted_server {
public:
    /// Said for every token that has no script of its own.
    reply otherwise{};
    /// Of these tokens each answer but the last is said once.
    std::map<std::string, std::deque<reply>> of{};
    /// Said first, once each, whatever the token.
    std::deque<reply> first{};

    std::vector<outlast::http::request> asked{};
    /// Set where the answers take time.
    outlast::world* world = nullptr;
    /// Called in the middle of each call.
    std::function<void()> meanwhile{};

    outlast::result<outlast::http::response> operator()(const outlast::http::request& request,
                                                        const outlast::http::limits&) {
        const reply r = reply_to(request);
        if (world != nullptr)
            world->spend(r.takes);
        return r.outcome();
    }

    /// What it says, and how long it takes for that.
    reply reply_to(const outlast::http::request& request) {
        asked.push_back(request);
        if (meanwhile)
            meanwhile();
        return next(token_in(request.body));
    }

    [[nodiscard]] std::size_t calls() const noexcept { return asked.size(); }
    [[nodiscard]] std::size_t calls(std::string_view token) const {
        std::size_t n = 0;
        for (const auto& request : asked)
            n += token_in(request.body) == token;
        return n;
    }

private:
    reply next(const std::string& token) {
        if (!first.empty()) {
            reply r = first.front();
            first.pop_front();
            return r;
        }
        const auto script = of.find(token);
        if (script == of.end())
            return otherwise;
        reply r = script->second.front();
        if (script->second.size() > 1)
            script->second.pop_front();
        return r;
    }
};

} // namespace outlast_tests

#endif // OUTLAST_TESTS_OAUTH2_SUPPORT_SERVER_HPP
