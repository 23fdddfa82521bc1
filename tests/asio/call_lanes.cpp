// SPDX-License-Identifier: BSL-1.0
//
// What begins in a lane of a call: the user's work, and operations of policies.
#include <outlast/asio/call_lanes.hpp>

#include <outlast/asio.hpp>

#include "asio/support/virtual_loop.hpp"
#include "support/catch.hpp"

#include <boost/asio.hpp>

#include <stdexcept>
#include <string>
#include <vector>

using namespace std::chrono_literals;
namespace asio = boost::asio;
using outlast::result;
using outlast::step;
using outlast::verdict;
using outlast_tests::hand_clock;
using outlast_tests::virtual_loop;

namespace {

/// Carries out its operations one after the other, and the work at last; notes what they come to.
struct in_turn {
    virtual_loop* loop;
    int ends_at_once = 0; // of its operations, by number
    int throws = 0;
    std::vector<std::string> notes{};

    struct run : outlast::pass_through {
        static constexpr outlast::operation operations = 3;
        in_turn* shared;
        outlast::instant by = outlast::never;
        outlast::operation last = 0;

        explicit run(in_turn* s) : shared(s) {}
        step begin(outlast::reading&, outlast::instant until, verdict&) {
            by = until;
            return step::call(last = 1, by);
        }
        step settled(outlast::reading&, outlast::lane, verdict& v) {
            shared->notes.push_back(std::to_string(last) + (v.ok() ? " ok" : " failed"));
            if (last == outlast::work)
                return step::finish();
            last = last == 3 ? outlast::work : static_cast<outlast::operation>(last + 1);
            return step::call(last, by);
        }
        template <class Hand, class Begin>
        bool
        act_later(outlast::operation what, outlast::reading&, Hand&, Begin& begin, verdict& v) {
            if (what == shared->ends_at_once) {
                v = verdict::success();
                return true;
            }
            const auto finish = [](outlast::reading&, const auto& r) {
                return r ? verdict::success() : verdict::failure();
            };
            if (what == shared->throws)
                begin([](auto token) { return thrown(std::move(token)); }, finish);
            else
                begin([here = shared->loop](
                          auto token) { return here->after<void(int)>(10ms, std::move(token), 1); },
                      finish);
            return false;
        }
        template <class Token>
        static auto thrown(Token&& token) {
            return asio::async_initiate<Token, void(int)>(
                [](auto) { throw std::runtime_error("not begun"); }, token);
        }
    };
    run start() noexcept { return run{this}; }
};

} // namespace

TEST_CASE("call_lanes: operations of policies begin and end, and the work after them") {
    virtual_loop loop;
    in_turn p{&loop};
    const int case_of = GENERATE(0, 1, 2); // all later; one at once; one that cannot begin
    CAPTURE(case_of);
    p.ends_at_once = case_of == 1 ? 2 : 0;
    p.throws = case_of == 2 ? 3 : 0;
    std::vector<outlast::duration> when;
    outlast::async_run<hand_clock>(
        loop.context(), p,
        [&](outlast::call& c, auto token) {
            CHECK(c.attempt() == 1); // operations are no attempts
            return loop.after<void(int)>(10ms, std::move(token), 7);
        },
        [&](const result<int>& r) {
            CHECK(r.value() == 7);
            when.push_back(loop.since_start());
        });
    loop.run();
    CHECK(p.notes ==
          std::vector<std::string>{"1 ok", "2 ok", p.throws == 3 ? "3 failed" : "3 ok", "0 ok"});
    CHECK(when ==
          std::vector<outlast::duration>{p.ends_at_once != 0 || p.throws != 0 ? 30ms : 40ms});
}
