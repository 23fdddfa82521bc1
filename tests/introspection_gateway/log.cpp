// SPDX-License-Identifier: BSL-1.0
#include "log.hpp"

#include "support/catch.hpp"

#include <boost/json/parse.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <climits>
#include <cstddef>
#include <cstdint>
#include <sstream>
#include <string>
#include <vector>

namespace {

struct pipe_ends {
    int read = -1, write = -1;
    pipe_ends() {
        int both[2];
        REQUIRE(::pipe(both) == 0);
        read = both[0];
        write = both[1];
        REQUIRE(::fcntl(read, F_SETFL, O_NONBLOCK) == 0);
    }
    ~pipe_ends() {
        ::close(read);
        ::close(write);
    }
    pipe_ends(const pipe_ends&) = delete;
    pipe_ends& operator=(const pipe_ends&) = delete;

    /// All that is there.
    [[nodiscard]] std::vector<boost::json::object> lines() const {
        std::string text;
        char some[4096];
        for (ssize_t n; (n = ::read(read, some, sizeof some)) > 0;)
            text.append(some, static_cast<std::size_t>(n));
        std::vector<boost::json::object> all;
        std::istringstream by_line{text};
        for (std::string one; std::getline(by_line, one);)
            all.push_back(boost::json::parse(one).as_object());
        return all;
    }
};

} // namespace

TEST_CASE("gateway log: one JSON object a line") {
    const pipe_ends pipe;
    gateway::log log{pipe.write};
    log.line("info", "started", {{"port", 8480}});
    log.line("warning", "odd", {{"said", "a\n\"b\""}});
    const auto lines = pipe.lines();
    REQUIRE(lines.size() == 2);
    CHECK(lines[0].at("event") == "started");
    CHECK(lines[0].at("level") == "info");
    CHECK(lines[0].at("port") == 8480);
    CHECK(lines[0].at("time").as_string().ends_with('Z'));
    CHECK(lines[1].at("said") == "a\n\"b\"");
    CHECK(log.lost() == 0);
}

TEST_CASE("gateway log: a pipe that nobody reads stops nobody, and what is lost is told") {
    const pipe_ends pipe;
    gateway::log log{pipe.write};
    constexpr std::uint64_t many = 100'000; // more than any pipe holds
    for (std::uint64_t i = 0; i != many; ++i)
        log.line("info", "it_happened", {{"number", i}});
    const std::uint64_t lost = log.lost();
    CHECK(lost > 0);
    CHECK(lost < many);
    const auto first = pipe.lines();
    CHECK(first.size() == many - lost);
    CHECK(first.back().at("number") == first.size() - 1); // the first ones, whole

    log.line("info", "read_again");
    log.line("info", "as_ever");
    const auto then = pipe.lines();
    REQUIRE(then.size() == 3);
    CHECK(then[0].at("event") == "log_lines_lost");
    CHECK(then[0].at("lines") == lost);
    CHECK(then[1].at("event") == "read_again");
    CHECK(then[2].at("event") == "as_ever");
    CHECK(log.lost() == lost);
}

TEST_CASE("gateway log: a line that is too long for a pipe is left out but for its event") {
    const pipe_ends pipe;
    gateway::log log{pipe.write};
    log.line("error", "long", {{"said", std::string(PIPE_BUF, 'x')}});
    const auto lines = pipe.lines();
    REQUIRE(lines.size() == 1);
    CHECK(lines[0].at("event") == "long");
    CHECK(lines[0].at("bytes_left_out").to_number<std::size_t>() > PIPE_BUF);
    CHECK_FALSE(lines[0].contains("said"));
}

TEST_CASE("gateway log: nobody is there to read it") {
    gateway::log log{-1};
    log.line("info", "started");
    CHECK(log.lost() == 1);
}
