// SPDX-License-Identifier: BSL-1.0
//
// One request for metadata without its exchange: what is asked, and what the answer comes to.
#ifndef OUTLAST_OAUTH2_METADATA_FETCH_HPP
#define OUTLAST_OAUTH2_METADATA_FETCH_HPP

#include <outlast/http/message.hpp>
#include <outlast/oauth2/answer_view.hpp>
#include <outlast/oauth2/discovery_options.hpp>
#include <outlast/oauth2/error.hpp>
#include <outlast/oauth2/issuer.hpp>
#include <outlast/oauth2/server_metadata.hpp>
#include <outlast/outcome.hpp>
#include <outlast/result.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>

namespace outlast::oauth2 {

/// Shared and immutable: any number of threads may read.
using metadata_ptr = std::shared_ptr<const server_metadata>;

/// What one call asks for; belongs to it.
struct metadata_query {
    /// Which of the two places (`metadata_urls`) is asked. May keep alive what the call needs.
    std::shared_ptr<std::size_t> place = std::make_shared<std::size_t>(0);
};

/// How a server is asked for its metadata, and how its answer is read. Thread-safe.
class metadata_fetch {
public:
    explicit metadata_fetch(discovery_options options)
        : options_(std::move(options)), urls_(metadata_urls(options_.issuer)) {}

    [[nodiscard]] const discovery_options& options() const noexcept { return options_; }
    [[nodiscard]] const std::array<std::string, 2>& urls() const noexcept { return urls_; }

    [[nodiscard]] http::request request_for(const metadata_query& q) const {
        return {.method = "GET",
                .url = urls_[*q.place],
                .headers = {{"Accept", "application/json"}, {"Accept-Encoding", "identity"}},
                .body = {}};
    }

    /// \param answered what a transport gave: an `http::response`, or its error
    /// \return what may be believed; or a failure whose code is the `reason` why there is nothing, with
    ///         the server's Retry-After if it gave one
    template <result_like Answered>
    [[nodiscard]] result<metadata_ptr> read(Answered& answered) const {
        if (!answered.has_value()) {
            const failure lost = to_failure(answered.error());
            return failure{reason_of_exchange(lost)}.with_retry_after(lost.facts().retry_after);
        }
        const http::response& answer = answered.value();
        metadata_finding found = read_server_metadata(view_of(answer), options_.wall());
        if (!found.wrong)
            found.wrong = problem_of(found.said, options_.issuer,
                                     {.origins = options_.further_origins,
                                      .allow_plain_http = options_.allow_plain_http});
        if (!found.wrong)
            return std::make_shared<const server_metadata>(std::move(found.said));
        failure why{*found.wrong};
        if (found.retry_after)
            why.with_retry_after(std::min(*found.retry_after, longest_retry_after));
        return why;
    }

private:
    discovery_options options_;
    std::array<std::string, 2> urls_;
};

} // namespace outlast::oauth2

#endif // OUTLAST_OAUTH2_METADATA_FETCH_HPP
