// SPDX-License-Identifier: BSL-1.0
#include "examine.hpp"

#include <outlast/oauth2/answer_view.hpp>
#include <outlast/oauth2/issuer.hpp>
#include <outlast/oauth2/request.hpp>
#include <outlast/oauth2/response.hpp>
#include <outlast/oauth2/server_metadata.hpp>

#include "probe.hpp"
#include "text.hpp"

#include <boost/asio/co_spawn.hpp>

#include <algorithm>
#include <exception>
#include <functional>
#include <random>
#include <string_view>
#include <utility>

namespace doctor {

namespace {

namespace asio = boost::asio;
namespace http = outlast::http;
namespace oauth2 = outlast::oauth2;
using std::chrono::steady_clock;

/// Says of itself where it comes from, for whoever reads the server's log.
std::string random_token() {
    std::random_device source;
    std::uniform_int_distribution<int> any{0, 15};
    std::string token = "introspection-doctor-";
    for (int i = 0; i != 32; ++i)
        token.push_back("0123456789abcdef"[any(source)]);
    return token;
}

std::vector<std::string_view> hidden_in(const plan& what) {
    std::vector<std::string_view> all{what.token.expose()};
    if (const auto* as = std::get_if<oauth2::client_secret_basic>(&what.auth))
        all.push_back(as->password.expose());
    else if (const auto* as_post = std::get_if<oauth2::client_secret_post>(&what.auth))
        all.push_back(as_post->password.expose());
    else if (const auto* as_bearer = std::get_if<oauth2::client_bearer>(&what.auth))
        all.push_back(as_bearer->token.expose());
    return all;
}

class examiner {
public:
    examiner(const plan& what, probe& with)
        : plan_(what), probe_(with), random_(random_token()), hidden_(hidden_in(what)) {
        hidden_.push_back(random_);
    }
    examiner(const examiner&) = delete; // it has views of its own
    examiner& operator=(const examiner&) = delete;

    task<std::vector<examination>> all() {
        std::vector<examination> made;
        std::vector<std::string> endpoints = plan_.endpoints;
        if (!plan_.issuer.empty()) {
            if (std::string found = co_await discover(made); endpoints.empty() && !found.empty())
                endpoints.push_back(std::move(found));
        }
        for (const std::string& url : endpoints)
            made.push_back(co_await look_at(
                url, [&](auto& over, auto& e) { return introspect(over, url, e); }));
        co_return made;
    }

private:
    using question = std::function<task<void>(http::beast_connection&, examination&)>;

    /// All addresses; the question is asked at the first that works.
    task<examination> look_at(std::string url, question ask) {
        examination e{.url = http::shown_url(url),
                      .target = *http::read_url(url, plan_.allow_plain_http),
                      .sights = {}};
        bool asked = false;
        for (const auto& address : co_await probe_.look_up(e.target, e.sights)) {
            const auto over = co_await probe_.connect(e.target, address, e.sights);
            if (over && !std::exchange(asked, true))
                co_await ask(*over, e);
        }
        co_return e;
    }

    /// \return the endpoint, or nothing
    task<std::string> discover(std::vector<examination>& into) {
        std::string endpoint;
        for (const std::string& url : oauth2::metadata_urls(plan_.issuer)) {
            into.push_back(co_await look_at(
                url, [&](auto& over, auto& e) { return read_about(over, url, e, endpoint); }));
            const auto& seen = into.back().sights;
            const bool is_elsewhere = std::ranges::any_of(seen, [](const sight& s) {
                return s.what == step::discovery && s.wrong == problem{oauth2::reason::not_found};
            });
            if (!is_elsewhere)
                break;
        }
        // The first place had nothing, which is no fault where the second has it.
        if (into.size() == 2 && !endpoint.empty())
            into.erase(into.begin());
        co_return endpoint;
    }

    task<void> read_about(http::beast_connection& over,
                          std::string url,
                          examination& e,
                          std::string& endpoint) {
        http::request asked{
            .method = "GET", .url = url, .headers = {{"Accept", "application/json"}}, .body = {}};
        sight seen{.what = step::discovery, .where = e.sights.back().where};
        const auto answer = co_await timed(over, e, std::move(asked), seen);
        if (answer) {
            auto [wrong, said, retry_after] = oauth2::read_server_metadata(
                oauth2::view_of(*answer), std::chrono::system_clock::now());
            if (!wrong)
                wrong = oauth2::problem_of(said, plan_.issuer,
                                           {.allow_plain_http = plan_.allow_plain_http});
            if (wrong)
                seen.wrong = *wrong;
            else if (said.introspection_endpoint.empty())
                seen.wrong = surprise::no_endpoint;
            seen.retry_after = retry_after;
            seen.named = fit(wrong == oauth2::reason::wrong_issuer
                                 ? said.issuer
                                 : http::shown_url(said.introspection_endpoint),
                             hidden_);
            if (seen.good())
                endpoint = said.introspection_endpoint;
        }
        e.sights.push_back(std::move(seen));
    }

    task<void> introspect(http::beast_connection& over, std::string url, examination& e) {
        sight seen{.what = step::introspection, .where = e.sights.back().where};
        const bool is_random = plan_.token.empty();
        auto made = oauth2::introspection_request(
            url, plan_.auth, is_random ? std::string_view{random_} : plan_.token.expose());
        std::optional<http::response> answer;
        if (made) {
            http::request asked{.method = std::string{oauth2::request::method},
                                .url = url,
                                .headers = {},
                                .body = std::move(made->body)};
            for (auto& [name, value] : made->headers)
                asked.headers.add(std::move(name), std::move(value));
            answer = co_await timed(over, e, std::move(asked), seen);
        } else {
            seen.wrong = oauth2::reason::no_credentials;
        }
        if (answer)
            judge(*answer, is_random, e, seen);
        e.sights.push_back(std::move(seen));
    }

    /// Notes the time, and what every answer has.
    task<std::optional<http::response>>
    timed(http::beast_connection& over, const examination& e, http::request asked, sight& seen) {
        const auto begun = steady_clock::now();
        auto answer = co_await probe_.exchange(over, e.target, std::move(asked));
        seen.took = steady_clock::now() - begun;
        if (!answer) {
            seen.wrong = static_cast<http::errc>(answer.error().value());
            co_return std::nullopt;
        }
        const http::response& r = answer.value();
        seen.status = r.status;
        const std::string_view type = r.headers.first("content-type").value_or("");
        seen.content_type = fit(type.substr(0, type.find_first_of("; ,")), hidden_);
        if (const auto to = r.headers.first("location"))
            if (const auto target = http::read_url(*to, true))
                seen.location = fit(target->origin(), hidden_);
        co_return std::move(answer).value();
    }

    void
    judge(const http::response& answer, bool is_random, const examination& e, sight& seen) const {
        const auto now = std::chrono::system_clock::now();
        const oauth2::finding found = oauth2::classify(oauth2::view_of(answer), now);
        seen.retry_after = found.retry_after;
        if (found.date)
            seen.clock_ahead = *found.date - std::chrono::floor<std::chrono::seconds>(now);
        const bool is_active = found.outcome() == oauth2::outcome_class::active;
        if (is_active || found.outcome() == oauth2::outcome_class::inactive)
            seen.active = is_active;
        if (!seen.active)
            seen.wrong = found.why;
        else if (is_active && is_random)
            seen.wrong = surprise::random_token_active;
        else if (time_to(e, seen) > plan_.slow_after)
            seen.wrong = surprise::slow;
    }

    /// What one who asks anew has to wait: connecting, and the answer.
    static std::chrono::nanoseconds time_to(const examination& e, const sight& answer) {
        std::chrono::nanoseconds sum = answer.took;
        for (const sight& s : e.sights)
            if (s.what == step::name || s.where == answer.where)
                sum += s.took;
        return sum;
    }

    const plan& plan_;
    probe& probe_;
    std::string random_;
    std::vector<std::string_view> hidden_;
};

} // namespace

std::vector<examination> examine(const plan& what) {
    asio::io_context context{1};
    probe with{context, what.tls, what.timeout};
    examiner all{what, with};
    std::vector<examination> made;
    std::exception_ptr failed;
    asio::co_spawn(with.lane(), all.all(),
                   [&](std::exception_ptr thrown, std::vector<examination> seen) {
                       failed = thrown;
                       made = std::move(seen);
                   });
    context.run();
    if (failed)
        std::rethrow_exception(failed);
    return made;
}

} // namespace doctor
