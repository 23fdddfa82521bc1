// SPDX-License-Identifier: BSL-1.0
//
// Writes the record while the story runs, and shows it: scenes as they begin, seconds as they end.
#pragma once

#include "live_view.hpp"
#include "stage.hpp"
#include "tally.hpp"

namespace rehearsal {

class recorder {
public:
    recorder(record& out, stage& played, const token_book& tokens, live_view& view)
        : out_{out}, played_{played}, tokens_{tokens}, view_{view} {}

    /// Ends the scene before it, if there is one.
    void begin(scene next);

    /// Ends the last scene.
    void end();

    /// The current scene. The story adds what only it knows.
    scene& current() { return out_.scenes.back(); }

    /// A second is over.
    void second();

private:
    void close_scene();

    record& out_;
    stage& played_;
    const token_book& tokens_;
    live_view& view_;
    both<std::uint64_t> calls_at_begin_{};
    both<std::size_t> shown_{};
};

} // namespace rehearsal
