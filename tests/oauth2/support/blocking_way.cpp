// SPDX-License-Identifier: BSL-1.0
//
// The stories by the blocking introspector: its pieces in a simulation, and its call operator.
#include "oauth2/support/blocking_way.hpp"

#include <outlast/oauth2/introspector.hpp>
#include <outlast/simulate.hpp>

#include <cstddef>
#include <deque>
#include <functional>
#include <type_traits>

namespace o2 = outlast::oauth2;

namespace outlast_tests {
namespace {

/// The time of the simulation of this thread, for what runs on a thread inside of it.
struct simulated_clock {
    static inline thread_local const outlast::world* of = nullptr;
    static outlast::instant now() noexcept { return of->time(); }
};

class blocking_call : public call {
public:
    [[nodiscard]] virtual const outlast::result<o2::knowledge>& result() = 0;
};

template <class Simulated>
class call_in final : public blocking_call {
public:
    /// \param note what a whole check does with its decision
    call_in(Simulated& c, const o2::quoted& realm, std::function<void(const o2::decision&)> note)
        : c_(&c), realm_(&realm), note_(std::move(note)) {}
    [[nodiscard]] bool done() const override { return c_->done(); }
    [[nodiscard]] outlast::instant finished_at() const override { return c_->finished_at(); }
    void cancel() override { c_->cancel(); }
    [[nodiscard]] o2::decision decided(const o2::requirements& wanted,
                                       std::chrono::system_clock::time_point now) override {
        auto d = decide(c_->result(), c_->facts(), wanted, *realm_, now);
        note_(d);
        return d;
    }
    [[nodiscard]] const outlast::result<o2::knowledge>& result() override { return c_->result(); }

private:
    Simulated* c_;
    const o2::quoted* realm_;
    std::function<void(const o2::decision&)> note_;
};

class blocking_way final : public way {
    using introspector_type = o2::introspector<scripted_server, simulated_clock>;

public:
    explicit blocking_way(o2::introspector_options options) : api_(std::move(options), server_) {
        server_.world = &sim_;
        simulated_clock::of = &sim_;
    }
    [[nodiscard]] scripted_server& server() override { return server_; }
    [[nodiscard]] pieces& api() override { return pieces_; }
    [[nodiscard]] bool work_stays() const override { return false; }
    [[nodiscard]] outlast::instant time() const override { return sim_.time(); }
    void advance(outlast::duration span) override { sim_.advance(span); }
    void run() override { sim_.run(); }

    call& begin(const std::string& token,
                const o2::requirements&,
                outlast::duration max_age,
                outlast::instant deadline) override {
        const o2::query q{token, *api_.key_of(token), max_age,
                          &places_.emplace_back(api_.first_endpoint())};
        auto& c = sim_.call_by(deadline, api_.policies(), api_.work(), q);
        using type = call_in<std::remove_reference_t<decltype(c)>>;
        return *calls_.emplace_back(std::make_unique<type>(
            c, api_.realm(), [this, q](const o2::decision& d) { api_.note(d, q); }));
    }

    bool recheck() override {
        auto next = api_.next_recheck(time());
        if (!next)
            return false;
        auto& one = errands_.emplace_back(*std::move(next));
        auto& c = sim_.call(api_.recheck_policies(), api_.work(), one.asks());
        run();
        api_.rechecked(one.key, c.result(), c.facts());
        return true;
    }
    outlast::result<o2::knowledge> probe(std::size_t endpoint) override {
        auto& one = errands_.emplace_back(api_.next_probe(endpoint));
        auto& c = sim_.call(api_.probe_policies(endpoint), api_.work(), one.asks());
        run();
        return c.result();
    }

private:
    scripted_server server_{};
    introspector_type api_;
    pieces_of<introspector_type> pieces_{api_};
    std::deque<std::size_t> places_{};
    std::deque<o2::errand> errands_{};
    std::deque<std::unique_ptr<blocking_call>> calls_{};
    outlast::simulation sim_{}; // its calls end before the policies do
};

class blocking_direct_way final : public direct_way {
    using introspector_type = o2::introspector<any_transport>;

public:
    blocking_direct_way(o2::introspector_options options, any_transport send)
        : send_(std::move(send)), api_(std::move(options), send_) {}
    [[nodiscard]] pieces& api() override { return pieces_; }
    o2::decision check(std::span<const std::string_view> authorization,
                       const o2::requirements& wanted,
                       outlast::duration max_age,
                       const outlast::limits& until,
                       const o2::held_keys& keys) override {
        return api_(authorization, wanted, max_age, until, keys);
    }

private:
    any_transport send_;
    introspector_type api_;
    pieces_of<introspector_type> pieces_{api_};
};

} // namespace

std::unique_ptr<way> make_way(o2::introspector_options options) {
    return std::make_unique<blocking_way>(std::move(options));
}
std::unique_ptr<direct_way> make_direct_way(o2::introspector_options options, any_transport send) {
    return std::make_unique<blocking_direct_way>(std::move(options), std::move(send));
}
std::string message_of(call& c) {
    const auto& told = dynamic_cast<blocking_call&>(c).result();
    return told ? "" : told.error().message();
}

} // namespace outlast_tests
