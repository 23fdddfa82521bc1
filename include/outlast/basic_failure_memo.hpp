// SPDX-License-Identifier: BSL-1.0
#ifndef OUTLAST_BASIC_FAILURE_MEMO_HPP
#define OUTLAST_BASIC_FAILURE_MEMO_HPP

#include <outlast/callback.hpp>
#include <outlast/error.hpp>
#include <outlast/event.hpp>
#include <outlast/guarded.hpp>
#include <outlast/invoke.hpp>
#include <outlast/lru.hpp>
#include <outlast/machine.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <type_traits>
#include <utility>

namespace outlast {

struct failure_memo_options {
    /// For how long a failure is the answer, from the end of the call that had it. More than 0.
    duration lasts = std::chrono::seconds{1};
    /// How many keys are remembered at most; beyond it the one that failed longest ago is forgotten. 1
    /// or more.
    std::size_t capacity = 4096;
    /// Which failures are remembered. Asked about a failure or a timeout. Default: all.
    callback<bool(const verdict&)> remember_if{};
    label name = "failure memo";
    label tags{};
    /// `refused` for each call that was answered from memory ("failed lately"); `span`: what is left of it.
    sink events{};

    /// What is wrong with these options, as a sentence; null if nothing is.
    [[nodiscard]] constexpr const char* problem() const noexcept {
        if (lasts <= duration::zero())
            return "failure memo: lasts is longer than 0";
        return capacity == 0 ? "failure memo: capacity is 1 or more" : nullptr;
    }

    /// Every option, for `describe`.
    template <class F>
    constexpr void each(F&& f) const {
        f("lasts", lasts);
        f("capacity", capacity);
        f("remember_if", remember_if, "all");
        f("name", name);
        f("tags", tags);
        f("events", events, "told to nobody");
    }
};

/// What has just failed for a key fails again at once, without a call: so that many callers who want
/// the same thing, one after the other, are not as many calls. (RFC 9520 asks this of resolvers.)
///
/// **Decides** by the last failure of the key `key_of(arguments…)`, and its age.
/// **Answers** *call* the work; *finish* with what it came to, or with the remembered failure: the same
/// code, and what is left of its Retry-After.
/// **Refusals** none of its own. A refusal from inside, where no call was made, is not remembered; nor is
/// a failure for want of the caller's time, which says nothing to one with more.
/// **Time** asks for none. Belongs inside of a cache, whose stale value then stands in as for the failure
/// itself, and outside of a retry, whose second attempt it would answer.
/// **Sharing** a table of `capacity` keys, guarded by `Lock`. Pass it by `std::ref`.
/// **Cost** one lock and one lookup a call, a second one after a failure. No allocation once the table is
/// full.
/// **Example**
///
///     outlast::failure_memo memo{[](const std::string& host) { return host; }};
///     outlast::pipeline p{std::ref(memo)};
///     int calls = 0;
///     auto down = [&](const std::string&) -> outlast::result<int> {
///         return ++calls, std::make_error_code(std::errc::connection_refused);
///     };
///     const std::string a = "a";
///     (void)p(down, a);
///     std::cout << p(down, a).error().message() << ", calls: " << calls;
///     // Connection refused, calls: 1
template <class Lock, class Key, class KeyOf>
class basic_failure_memo {
public:
    class run;
    static constexpr label kind = "failure memo";

    /// \param key_of from the arguments of a call to its key
    explicit basic_failure_memo(KeyOf key_of, const failure_memo_options& options = {})
        : key_of_(std::move(key_of)),
          options_((require_valid(options.problem()), options)),
          failures_(options.capacity) {}

    template <class... A>
        requires std::is_invocable_r_v<Key, const KeyOf&, const A&...>
    [[nodiscard]] run start(const A&... arguments) {
        return run{*this, detail::invoke(key_of_, arguments...)};
    }

    /// See worst_case.hpp.
    template <class Inner>
    [[nodiscard]] static constexpr auto worst_case(duration within, const Inner& inner) {
        return inner(within);
    }

    /// The key is asked about again.
    void forget(const Key& key) {
        failures_.with([&](table& t) { t.erase(key); });
    }

    [[nodiscard]] const failure_memo_options& options() const noexcept { return options_; }

private:
    struct failed {
        verdict how;
        instant at;
    };
    using table = lru_map<Key, failed>;

    [[nodiscard]] std::optional<failed> recall(const Key& key, instant now) {
        return failures_.with([&](table& t) -> std::optional<failed> {
            const failed* const last = t.find(key);
            if (last == nullptr)
                return std::nullopt;
            if (now < after(last->at, options_.lasts))
                return *last;
            t.erase(key);
            return std::nullopt;
        });
    }

    void remember(const Key& key, const verdict& v, instant now) {
        if (v.kind == verdict_kind::neutral || v.hurried ||
            (options_.remember_if && !options_.remember_if(v)))
            return;
        verdict how = v;
        how.late = how.spent = false; // there will be no value
        failures_.with([&](table& t) { t.put(key, {how, now}); });
    }

    KeyOf key_of_;
    failure_memo_options options_;
    guarded<table, Lock> failures_;
};

template <class Lock, class Key, class KeyOf>
class basic_failure_memo<Lock, Key, KeyOf>::run : public pass_through {
public:
    run(basic_failure_memo& shared, Key key) : shared_(&shared), key_(std::move(key)) {}

    step begin(reading& now, instant by, verdict& v) {
        by_ = by;
        const std::optional<failed> last = shared_->recall(key_, now.get());
        remembered_ = last.has_value();
        if (!remembered_)
            return step::call(work, by);
        v = last->how;
        const duration since = until(last->at, now.get());
        if (v.has_hint() && v.hint > duration::zero())
            v.hint = v.hint > since ? v.hint - since : verdict::no_hint;
        tell(v, shared_->options_.lasts - since);
        return step::finish();
    }

    step settled(reading& now, lane, verdict& v) {
        // At the caller's own deadline it was the caller who had no more time.
        const bool own = v.kind == verdict_kind::expired && by_ != never && now.get() >= by_;
        if (!v.ok() && !own)
            shared_->remember(key_, v, now.get());
        return step::finish();
    }

    constexpr instant prolong(lane, instant by) noexcept { return by_ = by; }

    void explain(failure_facts& facts) const noexcept {
        if (!remembered_)
            return;
        facts.policy = "failure memo";
        facts.name = shared_->options_.name;
    }

private:
    void tell(const verdict& v, duration left) const {
        const failure_memo_options& options = shared_->options_;
        if (options.events)
            options.events({.what = event_kind::refused,
                            .policy = "failure memo",
                            .name = options.name,
                            .tags = options.tags,
                            .span = left,
                            .outcome = v,
                            .why = "failed lately"});
    }

    basic_failure_memo* shared_;
    Key key_;
    instant by_ = never;
    bool remembered_ = false;
};

} // namespace outlast

#endif // OUTLAST_BASIC_FAILURE_MEMO_HPP
