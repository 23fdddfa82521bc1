// SPDX-License-Identifier: BSL-1.0
//
// The stories by the asynchronous introspector: `async_check` on a context whose time is moved by hand.
#include "oauth2/support/async_way.hpp"

#include <outlast/oauth2/async_introspector.hpp>

#include "oauth2/support/way.hpp"
#include "support/catch.hpp"

#include <boost/asio.hpp>

#include <deque>
#include <optional>

namespace o2 = outlast::oauth2;

namespace outlast_tests {
namespace {

class async_call final : public call {
public:
    explicit async_call(virtual_loop& loop) : loop_(&loop) {}
    [[nodiscard]] bool done() const override { return d_.has_value(); }
    [[nodiscard]] outlast::instant finished_at() const override { return finished_; }
    void cancel() override {
        stop_.emit(boost::asio::cancellation_type::terminal);
        loop_->advance({});
    }
    [[nodiscard]] o2::decision decided(const o2::requirements&,
                                       std::chrono::system_clock::time_point) override {
        REQUIRE(done());
        return *d_;
    }

    auto stop() { return stop_.slot(); }
    void tell(o2::decision d) {
        CHECK_FALSE(done());
        finished_ = loop_->now();
        d_ = std::move(d);
    }

private:
    virtual_loop* loop_;
    boost::asio::cancellation_signal stop_{};
    outlast::instant finished_ = outlast::never;
    std::optional<o2::decision> d_{};
};

class async_way final : public way {
    using introspector_type = o2::async_introspector<async_scripted_server, hand_clock>;

public:
    explicit async_way(o2::introspector_options options) : api_(std::move(options), server_) {
        server_.loop = &loop_;
        hand_clock::time = outlast::instant{};
    }
    [[nodiscard]] scripted_server& server() override { return server_; }
    [[nodiscard]] pieces& api() override { return pieces_; }
    [[nodiscard]] bool work_stays() const override { return true; }
    [[nodiscard]] outlast::instant time() const override { return loop_.now(); }
    void advance(outlast::duration span) override { loop_.advance(span); }
    void run() override { loop_.run(); }

    call& begin(const std::string& token,
                const o2::requirements& wanted,
                outlast::duration max_age,
                outlast::instant deadline) override {
        async_call& c = calls_.emplace_back(loop_);
        outlast::limits until;
        if (deadline != outlast::never)
            until.deadline = std::chrono::steady_clock::time_point{deadline.time_since_epoch()};
        api_.async_check("Bearer " + token, wanted, max_age, until,
                         boost::asio::bind_cancellation_slot(
                             c.stop(), [&c](o2::decision d) { c.tell(std::move(d)); }));
        CHECK_FALSE(c.done());
        loop_.advance({});
        return c;
    }

    bool recheck() override {
        std::optional<bool> asked;
        api_.async_recheck([&](bool there_was_one) { asked = there_was_one; });
        CHECK_FALSE(asked.has_value());
        run();
        REQUIRE(asked.has_value());
        return *asked;
    }
    outlast::result<o2::knowledge> probe(std::size_t endpoint) override {
        std::optional<outlast::result<o2::knowledge>> said;
        api_.async_probe(endpoint, [&](auto told) { said = std::move(told); });
        CHECK_FALSE(said.has_value());
        run();
        REQUIRE(said.has_value());
        return *said;
    }

private:
    async_scripted_server server_{};
    introspector_type api_;
    pieces_of<introspector_type> pieces_{api_};
    std::deque<async_call> calls_{};
    virtual_loop loop_{}; // ends before what its handlers refer to
};

class async_direct_way final : public direct_way {
    using introspector_type = o2::async_introspector<posted<any_transport>>;

public:
    async_direct_way(o2::introspector_options options, any_transport send)
        : send_(std::move(send)), api_(std::move(options), transport_) {}
    [[nodiscard]] pieces& api() override { return pieces_; }
    o2::decision check(std::span<const std::string_view> authorization,
                       const o2::requirements& wanted,
                       outlast::duration max_age,
                       const outlast::limits& until,
                       const o2::held_keys& keys) override {
        std::optional<o2::decision> d;
        api_.async_check(authorization, wanted, max_age, until, keys,
                         [&](o2::decision decided) { d = std::move(decided); });
        transport_.context.restart();
        transport_.context.run();
        REQUIRE(d.has_value());
        return *std::move(d);
    }

private:
    any_transport send_;
    posted<any_transport> transport_{&send_};
    introspector_type api_;
    pieces_of<introspector_type> pieces_{api_};
};

} // namespace

std::unique_ptr<way> make_way(o2::introspector_options options) {
    return std::make_unique<async_way>(std::move(options));
}
std::unique_ptr<direct_way> make_direct_way(o2::introspector_options options, any_transport send) {
    return std::make_unique<async_direct_way>(std::move(options), std::move(send));
}

} // namespace outlast_tests
