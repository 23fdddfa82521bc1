// SPDX-License-Identifier: BSL-1.0
//
// What is known of names: their addresses, how old that is, and when it is time to ask again.
#ifndef OUTLAST_HTTP_ADDRESS_BOOK_HPP
#define OUTLAST_HTTP_ADDRESS_BOOK_HPP

#include "outlast/http/error.hpp"
#include "outlast/http/name_options.hpp"
#include "outlast/http/system_lookup.hpp" // address_list
#include <outlast/freshness.hpp>
#include <outlast/lru.hpp>
#include <outlast/time.hpp>

#include <memory>
#include <optional>
#include <string>
#include <utility> // std::move

namespace outlast::http {

/// What is known of one name at one moment.
struct known_name {
    grade how = grade::gone;                            ///< good the addresses are
    std::shared_ptr<const address_list> addresses = {}; ///< null when `gone`
    std::optional<errc> failure = {}; ///< of a look-up just now: no new one is made for a moment
    bool is_due = false;              ///< a look-up should be under way
};

/// Remembers addresses past their time for as long as the name service says nothing new (RFC 8767).
/// Is told the time and asks nobody. Not thread-safe.
///
/// `getaddrinfo` tells no times to live, so the options say what they are. That there is no such
/// host is an answer of authority and removes what was known; every other failure removes nothing.
class address_book {
public:
    /// \pre `is_usable(options)`
    explicit address_book(const name_options& options)
        : options_(options), names_(options.max_names) {}

    [[nodiscard]] known_name look(const std::string& host, instant now) {
        const entry* const known = names_.find(host);
        if (known == nullptr)
            return {.is_due = true};
        const bool pausing = now < known->ask_again;
        known_name found{.how = known->life.at(now),
                         .failure = pausing ? std::optional{known->failure} : std::nullopt};
        if (found.how != grade::gone)
            found.addresses = known->addresses;
        const duration window = shorter(options_.refresh_before, options_.fresh_for / 2);
        const bool near_its_end = until(now, known->life.fresh_until) <= window;
        found.is_due = !pausing && (found.how != grade::fresh || near_its_end);
        return found;
    }

    void learnt(const std::string& host, std::shared_ptr<const address_list> found, instant now) {
        const lifetime life{.fresh_for = options_.fresh_for, .stale_for = options_.stale_for};
        names_.put(host, {.addresses = std::move(found), .life = freshness::from(now, life)});
    }

    void failed(const std::string& host, errc why, instant now) {
        entry* known = names_.find(host);
        if (known == nullptr || why == errc::name_not_found)
            known = &names_.put(host, {});
        known->failure = why;
        known->ask_again = after(now, options_.pause);
    }

private:
    struct entry {
        std::shared_ptr<const address_list> addresses{};
        freshness life{
            .since = instant::min(), .fresh_until = instant::min(), .stale_until = instant::min()};
        instant ask_again = instant::min(); // after a failure
        errc failure{};
    };

    const name_options options_;
    lru_map<std::string, entry> names_;
};

} // namespace outlast::http

#endif // OUTLAST_HTTP_ADDRESS_BOOK_HPP
