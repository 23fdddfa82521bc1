// SPDX-License-Identifier: BSL-1.0
#ifndef OUTLAST_BASIC_KEYED_HPP
#define OUTLAST_BASIC_KEYED_HPP

#include <outlast/error.hpp>
#include <outlast/guarded.hpp>
#include <outlast/invoke.hpp>
#include <outlast/lru.hpp>
#include <outlast/machine.hpp>

#include <cstddef>
#include <memory> // std::shared_ptr
#include <type_traits>
#include <utility>

namespace outlast {

namespace detail {

template <class Make, class Key>
struct made_by {
    static_assert(!sizeof(Make*),
                  "outlast::keyed: `make` is called with a key (a std::string, unless said "
                  "otherwise) and gives a std::shared_ptr of its policy.");
};
template <class Make, class Key>
    requires requires { typename std::invoke_result_t<Make&, const Key&>::element_type; }
struct made_by<Make, Key> {
    using type = typename std::invoke_result_t<Make&, const Key&>::element_type;
};

} // namespace detail

/// One policy a key, made when its key is first met: a breaker for each endpoint, say.
///
/// **Decides** from the arguments of the call which policy takes part: `key_of(arguments…)`.
/// **Answers** as that policy does.
/// **Refusals** those of that policy.
/// **Time** that of the policy.
/// **Sharing** the policies, and a table of at most `capacity` of them; beyond it the one used
/// least recently is forgotten, with what it had learnt, once no call uses it any more. `Lock`
/// guards the table; `make` and `key_of` are called outside it. Pass it by `std::ref`.
/// **Cost** one lock and one lookup a call; a new key allocates its policy. Its name, if it is
/// interned, stays until the program ends: for keys from a fixed set.
/// **Example**
///
///     outlast::keyed breakers{[](const std::string& host) { return host; },
///                             [](const std::string& host) {
///         return std::make_shared<outlast::circuit_breaker>(outlast::circuit_breaker_options{
///             .window = 2, .open_for = 10min, .name = outlast::label::intern(host)});
///     }};
///     outlast::pipeline p{std::ref(breakers)};
///     auto down = [](const std::string&) -> outlast::result<int> {
///         return std::make_error_code(std::errc::connection_refused);
///     };
///     const std::string a = "a", b = "b";
///     (void)p(down, a), (void)p(down, a);
///     std::cout << p(down, a).error().message() << '\n' << p(down, b).error().message();
///     // circuit open for a: 2 of the last 2 calls failed (last: Connection refused);
///     // next probe in 10 min
///     // Connection refused
template <class Lock, class KeyOf, class Make, class Key>
class basic_keyed {
public:
    using policy_type = typename detail::made_by<Make, Key>::type;
    class run;
    static constexpr label kind = "keyed";
    static constexpr duty does = duty_of<policy_type>;

    /// \param key_of from the arguments of a call to its key
    /// \param make from a key to a `std::shared_ptr` of its policy
    /// \param capacity the most policies kept; 1 or more
    basic_keyed(KeyOf key_of, Make make, std::size_t capacity = 1024)
        : key_of_(std::move(key_of)),
          make_(std::move(make)),
          capacity_(capacity),
          table_((require_valid(problem(key_of_, make_, capacity)), capacity)) {}

    /// What is wrong with these, as a sentence; null if nothing is.
    [[nodiscard]] static constexpr const char*
    problem(const KeyOf&, const Make&, std::size_t capacity = 1024) noexcept {
        return capacity == 0 ? "keyed: capacity is 1 or more" : nullptr;
    }

    /// The policy of this key, made if need be.
    [[nodiscard]] std::shared_ptr<policy_type> at(const Key& key) {
        auto find = [&](table& t) {
            auto* known = t.find(key);
            return known != nullptr ? *known : nullptr;
        };
        if (auto known = table_.with(find))
            return known;
        std::shared_ptr<policy_type> fresh = make_(key);
        require_valid(fresh == nullptr ? "keyed: `make` gave no policy" : nullptr);
        std::shared_ptr<policy_type> forgotten; // destroyed when the lock is free again
        return table_.with([&](table& t) {
            if (auto known = find(t))
                return known; // another thread was faster
            if (t.size() == t.capacity())
                forgotten = t.oldest();
            return t.put(key, fresh);
        });
    }

    template <class... A>
    [[nodiscard]] run start(const A&... arguments) {
        static_assert(std::is_invocable_r_v<const Key&, KeyOf&, const A&...> ||
                          std::is_invocable_r_v<Key, KeyOf&, const A&...>,
                      "outlast::keyed: its key function is called with the arguments of the call "
                      "and gives a key (a std::string, unless said otherwise).");
        return run{at(detail::invoke(key_of_, arguments...))};
    }

    /// What is known without a key, for `describe`.
    template <class F>
    constexpr void each(F&& f) const {
        if constexpr (requires { policy_type::kind; })
            f("each", policy_type::kind);
        f("capacity", capacity_);
    }

    /// See worst_case.hpp. Known only of policies whose worst case no option changes: breakers.
    template <class Inner>
        requires requires(duration within, const Inner& inner) {
            policy_type::worst_case(within, inner);
        }
    [[nodiscard]] static constexpr auto worst_case(duration within, const Inner& inner) {
        return policy_type::worst_case(within, inner);
    }

    [[nodiscard]] std::size_t size() {
        return table_.with([](table& t) { return t.size(); });
    }

private:
    using table = lru_map<Key, std::shared_ptr<policy_type>>;

    KeyOf key_of_;
    Make make_;
    std::size_t capacity_;
    guarded<table, Lock> table_;
};

template <class Lock, class KeyOf, class Make, class Key>
class basic_keyed<Lock, KeyOf, Make, Key>::run {
    using inner = decltype(std::declval<policy_type&>().start());

public:
    static constexpr operation operations = inner::operations;
    static constexpr bool pinned = inner::pinned;
    static constexpr lane lanes = lanes_of<inner>;

    explicit run(std::shared_ptr<policy_type> policy)
        : policy_(std::move(policy)), run_(policy_->start()) {}

    step begin(reading& now, terms t, verdict& v) { return run_.begin(now, t, v); }
    step settled(reading& now, lane on, verdict& v) { return run_.settled(now, on, v); }
    step woke(reading& now, lane on, verdict& v) { return run_.woke(now, on, v); }
    instant nudge() const noexcept { return run_.nudge(); }
    step nudged(reading& now, verdict& v) { return run_.nudged(now, v); }
    bool plain_begin(reading& now, instant& by) { return run_.plain_begin(now, by); }
    bool plain_success(reading& now) const { return run_.plain_success(now); }
    void plain_end() noexcept { run_.plain_end(); }
    bool plain_refusal(reading& now, verdict& v) { return run_.plain_refusal(now, v); }
    bool passes_refusals() noexcept { return run_.passes_refusals(); }
    void abandoned() noexcept { run_.abandoned(); }
    instant prolong(lane on, instant by) noexcept
        requires prolongs<inner>
    {
        return run_.prolong(on, by);
    }
    void explain(failure_facts& facts) const noexcept { run_.explain(facts); }
    void credit(report& facts) const noexcept { run_.credit(facts); }

    bool has_more() const noexcept
        requires outlives_caller<inner>
    {
        return run_.has_more();
    }
    step go_on(reading& now, verdict& v)
        requires outlives_caller<inner>
    {
        return run_.go_on(now, v);
    }
    bool leave(reading& now)
        requires outlives_caller<inner>
    {
        return run_.leave(now);
    }
    instant over_by(lane on) noexcept
        requires outlives_caller<inner>
    {
        return run_.over_by(on);
    }

    /// The policy, too: it outlives what it has given.
    auto keep(lane on) noexcept
        requires keeps_for_work<inner>
    {
        return kept<decltype(run_.keep(on))>{policy_, run_.keep(on)};
    }

    template <class Hand>
    verdict act(operation what, reading& now, Hand& hand) {
        return run_.act(what, now, hand);
    }
    template <class Hand, class Begin>
    bool act_later(operation what, reading& now, Hand& hand, Begin& begin, verdict& v) {
        return act_or_begin(run_, what, now, hand, begin, v);
    }

private:
    template <class Kept>
    struct kept {
        std::shared_ptr<policy_type> policy;
        Kept of_policy; // ends first

        template <class... X>
            requires requires(Kept& k, const X&... what) { k.late(what...); }
        void late(const X&... what) {
            of_policy.late(what...);
        }
    };

    std::shared_ptr<policy_type> policy_; // outlives its run, whatever the table forgets
    inner run_;
};

} // namespace outlast

#endif // OUTLAST_BASIC_KEYED_HPP
