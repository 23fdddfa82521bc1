// SPDX-License-Identifier: BSL-1.0
#include "live_view.hpp"

#include "text.hpp"

namespace rehearsal {

namespace {

constexpr const char* bold = "1";
constexpr const char* red = "1;31";
constexpr const char* green = "32";
constexpr const char* yellow = "33";
constexpr const char* dim = "2";
constexpr const char* plain = "0";

std::string clock_text(std::size_t second) {
    const std::string rest = std::to_string(second % 60);
    return std::to_string(second / 60) + (rest.size() < 2 ? ":0" : ":") + rest;
}

} // namespace

void live_view::say(const std::string& line) { out_ << line << std::endl; }

void live_view::scene_begins(const scene& next) {
    if (!head_shown_) {
        head_shown_ = true;
        say("");
        say("Each second, what both APIs answered, by status; wrong: those of the 401 that went "
            "to a valid token.");
        say(painted("                 |     bare API      |    outlast API    | outlast's |"
                    " calls/s",
                    bold));
        say(painted(" time server     | 200 401 503 wrong | 200 401 503 wrong | breaker   |"
                    "bare outl.",
                    bold));
    }
    say(painted("-- " + next.name + ": " + next.cause, bold));
}

void live_view::show(const row& second) {
    const auto other = second.answers[bare_side].other + second.answers[outlast_side].other;
    say(right(clock_text(second.second), 5) + " " + left(second.scene, 10) + " |" +
        cells(second.answers[bare_side]) + " |" + cells(second.answers[outlast_side]) + " | " +
        painted(left(second.breaker, 9), second.breaker == "closed" ? dim : yellow) + " |" +
        right(text(second.calls[bare_side]), 4) + right(text(second.calls[outlast_side]), 6) +
        (other > 0 ? "  other answers: " + text(other) : ""));
}

std::string live_view::painted(const std::string& line, const char* colour) const {
    return colours_ ? std::string{"\033["} + colour + 'm' + line + "\033[0m" : line;
}

std::string live_view::cells(const bar& answers) const {
    const auto cell = [&](std::size_t number, std::size_t width, const char* colour) {
        return painted(right(text(number), width), number == 0 ? dim : colour);
    };
    return cell(answers.served + answers.served_wrongly, 4, green) +
           cell(answers.denied + answers.denied_wrongly, 4, plain) +
           cell(answers.unavailable, 4, yellow) + cell(answers.denied_wrongly, 6, red);
}

} // namespace rehearsal
