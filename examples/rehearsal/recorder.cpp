// SPDX-License-Identifier: BSL-1.0
#include "recorder.hpp"

#include <utility>

namespace rehearsal {

void recorder::begin(scene next) {
    close_scene();
    next.begin = out_.scenes.empty() ? out_.begin : out_.scenes.back().end;
    view_.scene_begins(next);
    out_.scenes.push_back(std::move(next));
}

void recorder::end() {
    played_.close(); // what is under way belongs to the last scene
    close_scene();
    for (const std::size_t side : {bare_side, outlast_side}) {
        out_.seen[side] = played_.side(side).after(0);
    }
}

void recorder::second() {
    const moment now = played_.now();
    const both<std::uint64_t> earlier =
        out_.moments.empty() ? both<std::uint64_t>{} : out_.moments.back().calls;
    live_view::row row;
    row.second = out_.moments.size() + 1;
    row.scene = current().name;
    row.breaker = now.breaker;
    for (const std::size_t side : {bare_side, outlast_side}) {
        for (const observation& o : played_.side(side).after(shown_[side])) {
            add_to(row.answers[side], o, tokens_);
            ++shown_[side];
        }
        row.calls[side] = now.calls[side] - earlier[side];
    }
    view_.show(row);
    out_.moments.push_back(now);
}

void recorder::close_scene() {
    const both<std::uint64_t> calls = played_.calls();
    if (out_.scenes.empty()) {
        return; // all calls so far belong to the scene about to begin
    }
    current().end = steady::now();
    for (const std::size_t side : {bare_side, outlast_side}) {
        current().calls[side] = calls[side] - calls_at_begin_[side];
    }
    calls_at_begin_ = calls;
}

} // namespace rehearsal
