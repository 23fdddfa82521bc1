// SPDX-License-Identifier: BSL-1.0
//
// The outage rehearsal: what becomes of an API while its authorization server is away.
#include "figures_json.hpp"
#include "live_view.hpp"
#include "options.hpp"
#include "page.hpp"
#include "serve.hpp"
#include "story.hpp"
#include "table.hpp"
#include "timetable.hpp"
#include "verdict.hpp"

#include <curl/curl.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

namespace {

using namespace rehearsal;

bool colours_wanted() {
    const char* refused = std::getenv("NO_COLOR");
    const char* terminal = std::getenv("TERM");
    return isatty(STDOUT_FILENO) != 0 && (refused == nullptr || *refused == '\0') &&
           terminal != nullptr && std::string{terminal} != "dumb";
}

/// Better now than after a minute.
void check_writable(const std::string& file) {
    if (file.empty()) {
        return;
    }
    const bool was_there = std::filesystem::exists(std::filesystem::symlink_status(file));
    if (!std::ofstream{file, std::ios::app}) {
        throw usage_error{"cannot write to " + file};
    }
    if (!was_there) {
        std::filesystem::remove(file);
    }
}

void write(const std::string& file, const std::string& content) {
    if (!file.empty() && !(std::ofstream{file} << content << std::flush)) {
        throw std::runtime_error{"cannot write to " + file};
    }
}

int perform(const options& wanted) {
    check_writable(wanted.page);
    check_writable(wanted.json);
    hold_interruptions();
    curl_global_init(CURL_GLOBAL_DEFAULT);

    live_view view{std::cout, colours_wanted()};
    token_book tokens;
    const record happened = wanted.wanted == options::job::observe ? observe(wanted, tokens, view)
                                                                   : rehearse(wanted, tokens, view);
    const figures counted = count(happened, tokens);
    const table summary = make_table(counted);
    const verdict said = judge(happened, counted);

    view.say("\n" + lines_of(summary) + "\n" + legend_of(summary, counted.settling_seconds) + "\n" +
             said.headline);
    for (const std::string& sentence : said.sentences) {
        view.say(sentence);
    }
    write(wanted.json, figures_json(happened, counted, said));
    if (!wanted.page.empty()) {
        write(wanted.page, page(happened, counted, said, summary));
        view.say("\nThe timelines: " + wanted.page);
    }
    return 0;
}

int main_job(const std::vector<std::string>& arguments) {
    const options wanted = parse_options(arguments);
    switch (wanted.wanted) {
    case options::job::help:
        std::cout << help_text;
        return 0;
    case options::job::serve:
        return serve({.client_ids = wanted.client_ids,
                      .client_secret = wanted.client_secret,
                      .store = wanted.store,
                      .port = wanted.port});
    case options::job::rehearse:
    case options::job::observe:
        break;
    }
    return perform(wanted);
}

} // namespace

int main(int count, char** arguments) {
    std::signal(SIGPIPE, SIG_IGN);
    try {
        return main_job({arguments + 1, arguments + count});
    } catch (const usage_error& error) {
        std::cerr << "rehearsal: " << error.what() << '\n';
        return 2;
    } catch (const interrupted& error) {
        std::cerr << "rehearsal: interrupted; no verdict\n";
        return 128 + error.signal;
    } catch (const std::exception& error) {
        std::cerr << "rehearsal: " << error.what() << '\n';
        return 1;
    }
}
