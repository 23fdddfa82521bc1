// SPDX-License-Identifier: BSL-1.0
//
// The two APIs side by side, each with its guard and its clients; and what happened on them.
#pragma once

#include "clients.hpp"
#include "guard.hpp"
#include "http_server.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace rehearsal {

/// The sides, as indices.
inline constexpr std::size_t bare_side = 0;
inline constexpr std::size_t outlast_side = 1;
inline constexpr std::array<const char*, 2> side_names{"bare", "outlast"};

template <class T>
using both = std::array<T, 2>;

/// A stretch of the rehearsal during which the server was in one state.
struct scene {
    std::string name;
    std::string cause; ///< in plain words
    bool outage = false;
    bool phase = true; ///< false: a pause in which the server has just been brought back
    steady::time_point begin{};
    steady::time_point end{};
    both<std::uint64_t> calls{};                         ///< by the guards' own counters
    std::optional<both<std::uint64_t>> server_counted{}; ///< by the server's own counter
};

/// The state at the end of one second.
struct moment {
    both<std::uint64_t> calls{}; ///< since the start
    std::string breaker;
};

/// All that is known afterwards: every figure is counted from this.
struct record {
    std::string mode;   ///< rehearsal or observed
    bool async = false; ///< the guarded API runs on coroutines
    bool quick = false;
    double per_second = 0;
    std::chrono::milliseconds attempt_timeout{};
    std::chrono::milliseconds fresh_for{};
    steady::time_point begin{};
    std::vector<scene> scenes{};
    std::vector<moment> moments{};
    both<std::vector<observation>> seen{};
};

/// Enough clients that none is late when every answer takes the attempt timeout.
std::size_t threads_for(double per_second, const guard_settings& settings);

class stage {
public:
    stage(both<guarded> doors,
          const token_book& tokens,
          const request_stream& stream,
          std::size_t threads);

    void open(steady::time_point at);
    void close();

    [[nodiscard]] both<std::uint64_t> calls() const;
    [[nodiscard]] moment now() const;
    [[nodiscard]] const clients& side(std::size_t which) const { return sides_[which].users; }

private:
    struct side_of_stage {
        side_of_stage(const guarded& door,
                      const token_book& tokens,
                      const request_stream& stream,
                      std::size_t threads);

        guarded door;
        std::unique_ptr<listener> api;
        clients users;
    };

    both<side_of_stage> sides_;
};

} // namespace rehearsal
