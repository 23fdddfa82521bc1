// SPDX-License-Identifier: BSL-1.0
#include "token_store.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <sstream>
#include <system_error>

namespace rehearsal {

token_store::token_store(const std::string& file) {
    if (file.empty()) {
        return;
    }
    load(file);
    journal_ = ::open(file.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (journal_ < 0) {
        throw std::system_error{errno, std::generic_category(), "cannot open " + file};
    }
}

token_store::~token_store() {
    if (journal_ >= 0) {
        ::close(journal_);
    }
}

void token_store::add(const std::string& token, const issued_token& facts) {
    const std::scoped_lock lock{mutex_};
    append("issued " + token + ' ' + facts.client_id + ' ' + std::to_string(facts.issued_at) + ' ' +
           std::to_string(facts.expires_at) + '\n');
    tokens_[token] = facts;
}

void token_store::revoke(const std::string& token) {
    const std::scoped_lock lock{mutex_};
    const auto found = tokens_.find(token);
    if (found != tokens_.end()) {
        append("revoked " + token + '\n');
        found->second.revoked = true;
    }
}

std::optional<issued_token> token_store::find(const std::string& token) const {
    const std::scoped_lock lock{mutex_};
    const auto found = tokens_.find(token);
    return found == tokens_.end() ? std::nullopt : std::optional{found->second};
}

void token_store::load(const std::string& file) {
    std::ifstream in{file};
    for (std::string line; std::getline(in, line);) {
        std::istringstream words{line};
        std::string what;
        std::string token;
        issued_token facts;
        words >> what >> token;
        if (what == "issued" && words >> facts.client_id >> facts.issued_at >> facts.expires_at) {
            tokens_[token] = facts;
        } else if (what == "revoked" && tokens_.contains(token)) {
            tokens_[token].revoked = true;
        }
    }
}

void token_store::append(const std::string& line) {
    if (journal_ >= 0 &&
        ::write(journal_, line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
        throw std::system_error{errno, std::generic_category(), "cannot write to the token file"};
    }
}

} // namespace rehearsal
