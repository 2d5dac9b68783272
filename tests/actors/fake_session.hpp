#pragma once

#include "actors/cluster_messages.hpp"

#include <string>
#include <utility>
#include <vector>

namespace weir::actors {

/// The near end of a link that a node of the test has made; notes what it is told.
class fake_session final : public net::link_session {
public:
  void accept(const cluster::welcome& welcome) override { welcomes.push_back(welcome); }
  void refuse(const std::string& reason) override { refusals.push_back(reason); }
  void send(cluster::link_answer answer) override { answers.push_back(std::move(answer)); }
  void close(const std::string& reason) override { ends.push_back(reason); }

  std::vector<cluster::welcome> welcomes;
  std::vector<std::string> refusals;
  std::vector<cluster::link_answer> answers;
  std::vector<std::string> ends;
};

inline session_ptr session_of(cluster::session_number number, node_id peer,
                              std::shared_ptr<fake_session> link) {
  peer_session made;
  made.number = number;
  made.word.cluster = "blue";
  made.word.node = peer;
  made.word.boot = 1;
  made.word.address = "127.0.0.1:1"; // Nobody is there.
  made.link = std::move(link);
  return std::make_shared<const peer_session>(std::move(made));
}

} // namespace weir::actors
