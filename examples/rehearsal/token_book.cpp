// SPDX-License-Identifier: BSL-1.0
#include "token_book.hpp"

#include <utility>

namespace rehearsal {

namespace {

/// `exp` is a moment of the wall clock: this near to it, an answer is right either way.
constexpr std::chrono::milliseconds too_close_to_call{50};

} // namespace

std::size_t token_book::add(token facts) {
    tokens_.push_back(std::move(facts));
    revocations_.emplace_back();
    return tokens_.size() - 1;
}

void token_book::revoked(std::size_t index,
                         steady::time_point asked,
                         steady::time_point confirmed) {
    const std::scoped_lock lock{mutex_};
    revocations_[index] = {asked, confirmed};
}

const std::string& token_book::value(std::size_t index) const { return tokens_[index].value; }

truth token_book::judge(std::size_t index,
                        steady::time_point sent,
                        steady::time_point answered) const {
    const token& facts = tokens_[index];
    if (!facts.known_truth) {
        return truth::unclear;
    }
    if (!facts.issued) {
        return truth::never_issued;
    }
    if (facts.expires && answered + too_close_to_call > *facts.expires) {
        return sent > *facts.expires + too_close_to_call ? truth::expired : truth::unclear;
    }
    const std::scoped_lock lock{mutex_};
    if (const auto& ended = revocations_[index]; ended && answered >= ended->asked) {
        return sent > ended->confirmed ? truth::revoked : truth::unclear;
    }
    return truth::valid;
}

} // namespace rehearsal
