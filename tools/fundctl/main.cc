// The fundctl program: what operators ask and tell a running fundcore, and a calculator for checking figures by hand.
//
//   fundctl --server 127.0.0.1:7400 order trace 00100000000000007
//   fundctl calc subscribe --amount 5000 --rate 1.2% --nav 1.1280
//
// Only the command line is here; each command is a function of commands.h. Exit codes: 0 good, 1 the data are not as
// they should be, 2 wrong use or a refused request, 3 cannot reach or read.
#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>

#include "common/base/check.h"
#include "common/config/parse.h"
#include "tools/fundctl/calc.h"
#include "tools/fundctl/cmd_kafka.h"
#include "tools/fundctl/commands.h"
#include "tools/ofd/commands.h"

namespace fundcore::fundctl {
namespace {

int Complain(const absl::Status& status) {
  std::fprintf(stderr, "%s\n", Explained(status).c_str());
  return ExitCodeOf(status);
}

void Print(const Answer& a, bool json) {
  const std::string text = json ? a.Json() + "\n" : a.ForPeople();
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

// `--cases FILE`, or `-` for what is piped in.
int CalculateCases(const std::vector<std::string>& args) {
  std::string path = args[0] == "--cases" ? args.size() > 1 ? args[1] : "" : args[0].substr(8);
  if (path.empty() || args.size() > (args[0] == "--cases" ? 2u : 1u)) {
    std::fprintf(stderr, "fundctl: write --cases FILE, or --cases - for what is piped in, and nothing else\n");
    return 2;
  }
  std::ios::sync_with_stdio(false);
  std::ifstream file;
  if (path != "-") {
    file.open(path);
    if (!file) {
      std::fprintf(stderr, "fundctl: %s cannot be read\n", path.c_str());
      return 2;
    }
  }
  const absl::Status status = RunCases(path == "-" ? std::cin : file, std::cout);
  if (status.ok()) return 0;
  std::fprintf(stderr, "fundctl: %s: %s\n", path.c_str(), std::string(status.message()).c_str());
  return 2;
}

// The calculator has a reader of its own: its options are figures, and differ from one calculation to the next.
int Calculate(std::vector<std::string> args) {
  const bool json = std::erase(args, "--json") > 0;
  if (std::erase(args, "--help") + std::erase(args, "-h") > 0) {
    std::printf("%s", CalcUsage().c_str());
    return 0;
  }
  if (!args.empty() && (args[0] == "--cases" || args[0].starts_with("--cases="))) return CalculateCases(args);
  auto result = RunCalc(args);
  if (!result.ok()) {
    std::fprintf(stderr, "fundctl: %s\n", std::string(result.status().message()).c_str());
    return absl::IsInvalidArgument(result.status()) ? 2 : 1;
  }
  if (json) {
    std::printf("%s\n", CalcJson(*result, true).c_str());
    return 0;
  }
  Answer a;
  for (const auto& [name, value] : result->figures) a.Add(name, value);
  if (!result->steps.empty()) {
    Table& steps = a.AddTable("steps", {"step"});
    for (const std::string& step : result->steps) steps.Row({step});
  }
  Print(a, false);
  return 0;
}

// A Kafka cluster is asked directly, without a server of ours; so it has a command line of its own.
int AskKafka(std::vector<std::string> args) {
  CLI::App app{"fundctl kafka: the topics of an installation on a Kafka cluster", "fundctl kafka"};
  app.require_subcommand(1);
  app.fallthrough();
  KafkaOptions options;
  std::vector<std::string> properties;
  uint16_t partitions = 32, clearing_partitions = 4;
  bool json = false;
  std::string timeout = "15s";
  app.add_option("--brokers", options.connection.brokers, "host:port,host:port")->required();
  app.add_option("--prefix", options.plan.prefix, "of topics and groups")->capture_default_str();
  app.add_option("--partitions", partitions, "of trade, account and risk; never changed afterwards")
      ->check(CLI::Range(1, static_cast<int>(kMaxPartitions)))
      ->capture_default_str();
  app.add_option("--clearing-partitions", clearing_partitions)->check(CLI::Range(1, 99))->capture_default_str();
  app.add_option("--replicas", options.plan.replicas, "copies of each record")->check(CLI::Range(1, 15))->capture_default_str();
  app.add_flag("--one-replica-for-tests", options.plan.one_replica_for_tests,
               "one copy of everything: a lost disk loses it. Never with real data");
  app.add_option("--property", properties, "NAME=VALUE for librdkafka, such as security.protocol=ssl; may be repeated");
  app.add_option("--timeout", timeout, "how long to wait for an answer: 15s, 1m")->capture_default_str();
  app.add_flag("--json", json, "one JSON object instead of text");
  CLI::App* init = app.add_subcommand("init", "make the topics that are missing, then check all; 1 where an error is found");
  app.add_subcommand("check", "settings that could lose data or keep it from running; 1 where an error is found");
  TrimOptions trim;
  CLI::App* trimming = app.add_subcommand("trim", "let the brokers forget what verified checkpoints have made needless");
  trimming->add_option("--store", trim.store, "the folder that checkpoints are pushed to")->required();
  trimming->add_option("--keep-checkpoints", trim.keep, "each partition must be in so many verified ones")->capture_default_str();
  trimming->add_flag("--show", trim.show, "only say what would go");
  try {
    std::reverse(args.begin(), args.end());  // as CLI11 takes them
    app.parse(std::move(args));
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : 2;
  }
  auto patience = ParseDuration(timeout);
  if (!patience.ok()) return Complain(patience.status());
  options.patience = *patience;
  options.plan.partitions = KafkaLayout(partitions, clearing_partitions);
  if (const absl::Status wrong = ReadProperties(properties, &options.connection); !wrong.ok()) return Complain(wrong);
  const auto answer = init->parsed()       ? InitKafka(options)
                      : trimming->parsed() ? TrimKafka(options, trim)
                                           : CheckKafka(options);
  if (!answer.ok()) {
    std::fprintf(stderr, "fundctl: %s\n", std::string(answer.status().message()).c_str());
    return absl::IsInvalidArgument(answer.status()) ? 2 : absl::IsFailedPrecondition(answer.status()) ? 1 : 3;
  }
  Print(*answer, json);
  return answer->exit_code;
}

// Everything that a command line can hold; the command that was named picks what it needs.
struct Options {
  RemoteOptions remote;
  std::string timeout = "30s";
  bool json = false;
  std::string a, b, c;  // positions: an investor, an order, a fund, a file …
  std::string ta, day, note, person, request_id, resolution;
  uint64_t number = 0;  // of a break
  int keep = 2;         // verified checkpoints
  uint32_t limit = 100;
  bool all = false, verify = false, passed = false, failed = false;
  OpenOptions open;
  AccountBusinessOptions account_business;
  ChangeOptions change;
  AssessOptions assess;
  PersonOptions person_facts;
  ConfirmOptions confirm;
  CardOptions card;
  PayOptions pay;
  InterestOptions interest;
  CampaignOptions campaign;
  SubmitOptions submit;
  PlanOptions plan;
  ImportOptions import;
  AnswerOptions answer;
  ReportOptions report;
  CheckpointOptions checkpoint;
};

class CommandLine {
 public:
  CommandLine() {
    if (const char* server = std::getenv("FUNDCORE_SERVER")) o_.remote.address = server;
    app_.require_subcommand(1);
    app_.fallthrough();  // --server and --json may stand anywhere
    app_.add_option("--server", o_.remote.address, "host:port; FUNDCORE_SERVER where it is not given")
        ->capture_default_str();
    app_.add_option("--timeout", o_.timeout, "how long to wait for an answer: 30s, 5m")->capture_default_str();
    app_.add_option("--tls-certificate", o_.remote.tls_certificate,
                    "PEM files, all three, where the server asks for TLS");
    app_.add_option("--tls-key", o_.remote.tls_key);
    app_.add_option("--tls-ca", o_.remote.tls_ca);
    app_.add_flag("--json", o_.json, "one JSON object instead of text");
    app_.footer(
        "Also: fundctl calc (figures), fundctl ofd (settlement files), fundctl kafka (topics); see their --help.\nExit codes: 0 good, 1 the data are not as they should be, 2 "
        "wrong use or a "
        "refused request, 3 cannot reach or read.");
    AddSystem();
    AddProduct();
    AddAccount();
    AddOrder();
    AddPlan();
    AddOrderFiles();
    AddDay();
  }

  int Run(int argc, char** argv) {
    if (const std::string wrong = UnknownCommand(argc, argv); !wrong.empty()) {
      std::fprintf(stderr, "fundctl: %s\n", wrong.c_str());
      return 2;
    }
    try {
      app_.parse(argc, argv);
    } catch (const CLI::ParseError& e) {
      return app_.exit(e) == 0 ? 0 : 2;
    }
    auto timeout = ParseDuration(o_.timeout);
    if (!timeout.ok()) return Complain(timeout.status());
    o_.remote.patience = *timeout;
    auto remote = Remote::Open(o_.remote);
    if (!remote.ok()) return Complain(remote.status());
    const Result answer = chosen_(*remote);
    if (!answer.ok()) return Complain(answer.status());
    if (!streamed_) Print(*answer, o_.json);
    return answer->exit_code;
  }

 private:
  using Body = std::function<Result(Remote&)>;

  // CLI11 would only say that a subcommand is missing. Looks at the words before the first option of a command.
  std::string UnknownCommand(int argc, char** argv) {
    CLI::App* at = &app_;
    for (int i = 1; i < argc; ++i) {
      const std::string word = argv[i];
      if (!word.empty() && word[0] == '-') {
        const CLI::Option* option = app_.get_option_no_throw(word);
        if (option && option->get_expected_min() > 0) ++i;  // its value
        continue;
      }
      std::vector<std::string> known;
      for (CLI::App* c : at->get_subcommands([](CLI::App*) { return true; })) known.push_back(c->get_name());
      if (known.empty()) return "";  // a command: what follows is its own
      if (std::find(known.begin(), known.end(), word) == known.end()) {
        const std::string nearest = Nearest(word, known);
        return StrCat("unknown command \"", word, "\"",
                      nearest.empty() ? "" : StrCat(" (did you mean \"", nearest, "\"?)"), "; fundctl",
                      at == &app_ ? "" : " " + at->get_name(), " --help lists them");
      }
      at = at->get_subcommand(word);
    }
    return "";
  }

  CLI::App* Family(const char* name, const char* what) {
    CLI::App* family = app_.add_subcommand(name, what);
    family->require_subcommand(1);
    return family;
  }
  CLI::App* Command(CLI::App* parent, const char* name, const char* what, Body body) {
    CLI::App* command = parent->add_subcommand(name, what);
    command->callback([this, body = std::move(body)] { chosen_ = body; });
    return command;
  }
  void RequestId(CLI::App* c, std::string* id) {
    c->add_option("--request-id", *id, "the same id again repeats the same request; a new one where it is not given");
  }

  void AddSystem() {
    Command(&app_, "status", "version, clock, whether it serves", [](Remote& r) { return ShowStatus(r); });
    CLI::App* health = Command(&app_, "health", "for probes: 0 where it serves, 1 where it does not, 3 where nobody answers",
                               [this](Remote& r) { return ShowHealth(r, o_.a, o_.all); });
    health->add_option("SERVICE", o_.a, "such as fundcore.trade.v1.TradeService; the whole process where it is not given");
    health->add_flag("--alive", o_.all, "0 wherever it answers at all");
    Command(&app_, "directory", "the processes of a cluster, and who owns which partition; 1 where one has no owner",
            [](Remote& r) { return ShowDirectory(r); });
    Command(&app_, "state-hash", "the state of every partition in one figure",
            [](Remote& r) { return ShowStateHash(r); });
    Command(&app_, "flush", "make the replay after a crash short", [](Remote& r) { return Flush(r); });
    Command(&app_, "upgrade", "let machines do as of a newer version, once every process is of a build that knows it",
            [this](Remote& r) { return Upgrade(r, static_cast<uint32_t>(o_.number)); })
        ->add_option("VERSION", o_.number, "a number; see fundctl status: machine_versions")
        ->required();
    CLI::App* clock = Family("clock", "business time");
    Command(clock, "show", "what time it is", [](Remote& r) { return ShowClock(r); });
    Command(clock, "advance", "move a steered clock ahead, and wait until all that is due was taken in",
            [this](Remote& r) { return AdvanceClock(r, o_.a); })
        ->add_option("TO", o_.a, "\"2025-03-03 15:00\", or +1h30m")
        ->required();
    CLI::App* accept = Command(clock, "accept", "say that a wall clock which had strayed is right: orders are taken again",
                               [this](Remote& r) { return AcceptClock(r, o_.person, o_.note); });
    accept->add_option("--person", o_.person, "who looked at it")->required();
    accept->add_option("--note", o_.note, "what was found");
    Command(Family("recovery", "orders that wait, and the peers they wait for"), "status",
            "by age and by what they wait for; 1 where a peer does not answer or a person is needed",
            [](Remote& r) { return ShowRecovery(r); });
    AddCheckpoint();
    Command(&app_, "report",
            "orders by outcome, cash and units across distributor, institutions and bank; 1 where anything is off",
            [this](Remote& r) { return MakeReport(r, o_.report); });
    CLI::App* report = app_.get_subcommand("report");
    report->add_option("--days", o_.report.days, "2025-03-03 or 2025-03-03..2025-03-05; may be repeated")->required();
    report->add_option("--ta-report", o_.report.ta_reports, "what institutions say: files of ta_sim report --json")
        ->check(CLI::ExistingFile);
  }

  void AddCheckpoint() {
    CLI::App* family = Family("checkpoint", "the state at a moment, to come back to and to join with");
    CheckpointOptions& c = o_.checkpoint;
    const auto name = [&c](CLI::App* command) { command->add_option("NAME", c.name, "letters, digits, - and _")->required(); };
    const auto data = [&c](CLI::App* command, const char* what) { return command->add_option("--data", c.data, what); };
    constexpr char kLocal[] = "a data folder at hand; the server's where it is not given";

    CLI::App* create = Command(family, "create", "keep the present state under a name, in the server's data folder",
                               [&c](Remote& r) { return CreateCheckpoint(r, c); });
    name(create);
    create->add_option("--to", c.to, "push it to this store, too: a folder on another disk or a mounted bucket");
    CLI::App* list = Command(family, "list", "what there is; 1 where one is not complete", [&c](Remote& r) { return ListCheckpoints(r, c); });
    data(list, kLocal);
    list->add_option("--in", c.in, "a store's folder");
    list->add_flag("--offsets", c.offsets, "up to where each partition is in it");
    CLI::App* verify = Command(family, "verify", "compare all files and state hashes with the manifest; 1 where any differs",
                               [&c](Remote& r) { return VerifyCheckpoint(r, c); });
    name(verify);
    data(verify, kLocal);
    CLI::App* restore = Command(family, "restore", "put it in the place of the state of a stopped folder",
                                [&c](Remote&) { return RestoreCheckpoint(c); });
    name(restore);
    data(restore, "the stopped data folder")->required();
    CLI::App* push = Command(family, "push", "copy it to a store; again goes on", [&c](Remote& r) { return PushCheckpoint(r, c); });
    name(push);
    data(push, kLocal);
    push->add_option("--to", c.to, "the store's folder")->required();
    CLI::App* pull = Command(family, "pull", "copy it from a store into a data folder; again goes on",
                             [&c](Remote&) { return PullCheckpoint(c); });
    name(pull);
    data(pull, "the data folder")->required();
    pull->add_option("--from", c.from, "the store's folder")->required();

    CLI::App* archive = Command(Family("log", "the embedded log of a stopped folder"), "archive",
                                "move the segments that verified checkpoints have made needless to another folder",
                                [this, &c](Remote&) { return ArchiveLog(c.data, c.to, o_.keep); });
    archive->add_option("--data", c.data, "the stopped data folder")->required();
    archive->add_option("--to", c.to, "the archive's folder")->required();
    archive->add_option("--keep-checkpoints", o_.keep, "each partition must be in so many verified ones")->capture_default_str();
  }

  void AddProduct() {
    CLI::App* product = Family("product", "institutions, funds, calendars, prices");
    Command(product, "load", "institutions, funds and calendars from a TOML file",
            [this](Remote& r) { return LoadProducts(r, o_.a); })
        ->add_option("FILE", o_.a, "deploy/demo/products.toml is an example")
        ->required();
    Command(product, "list", "all of them", [](Remote& r) { return ListProducts(r); });
    Command(product, "show", "the terms of a fund", [this](Remote& r) { return ShowProduct(r, o_.a); })
        ->add_option("FUND", o_.a)
        ->required();
    CLI::App* nav = Command(product, "nav", "the price of a day", [this](Remote& r) { return ShowNav(r, o_.a, o_.b); });
    nav->add_option("FUND", o_.a)->required();
    nav->add_option("DAY", o_.b)->required();
    CLI::App* propose = Command(product, "propose", "new terms of funds, for another person to approve",
                                [this](Remote& r) { return ProposeProducts(r, o_.a, o_.person, o_.note); });
    propose->add_option("FILE", o_.a, "as product load takes it, funds only")->required();
    propose->add_option("--person", o_.person)->required();
    propose->add_option("--note", o_.note);
    const auto decide = [&](const char* name, const char* what, bool approve) {
      CLI::App* c = Command(product, name, what, [this, approve](Remote& r) { return DecideChange(r, o_.number, o_.person, approve); });
      c->add_option("CHANGE", o_.number)->required();
      c->add_option("--person", o_.person)->required();
    };
    decide("approve", "a proposed change, by another person", true);
    decide("reject", "a proposed change", false);
    Command(product, "changes", "those that wait for a decision", [this](Remote& r) { return ListChanges(r, o_.all); })
        ->add_flag("--all", o_.all, "also those that were decided");
    CLI::App* two = Command(product, "two-people", "from now on, terms of funds are changed by two persons only",
                            [this](Remote& r) { return RequireTwoPersons(r, o_.person, !o_.verify); });
    two->add_option("--person", o_.person)->required();
    two->add_flag("--end", o_.verify, "no longer, once another person approves that");
    CLI::App* campaign = product->add_subcommand("campaign", "discounts on purchase fees for a time");
    campaign->require_subcommand(1);
    CLI::App* put = Command(campaign, "put", "anew under its name; with --person proposed, for another one to approve",
                            [this](Remote& r) { return PutCampaign(r, o_.campaign); });
    put->add_option("NAME", o_.campaign.name)->required();
    put->add_option("--discount", o_.campaign.discount,
        "0.1: a tenth of the rate, never below the fund's least rate")->required();
    put->add_option("--from", o_.campaign.first, "first trading day")->required();
    put->add_option("--to", o_.campaign.last, "last trading day")->required();
    put->add_option("--channel", o_.campaign.channel, "the caller that orders come from; all where it is not given");
    put->add_option("--fund", o_.campaign.funds, "once for each; all where none is given");
    put->add_option("--business", o_.campaign.businesses, "20, 22, 39; all where none is given");
    put->add_option("--from-amount", o_.campaign.from_amount, "of the order");
    put->add_option("--person", o_.campaign.person, "who proposes it");
    CLI::App* end = Command(campaign, "end", "it applies no longer", [this](Remote& r) {
      o_.campaign.end = true;
      return PutCampaign(r, o_.campaign);
    });
    end->add_option("NAME", o_.campaign.name)->required();
    end->add_option("--person", o_.campaign.person, "who proposes it");
    Command(campaign, "list", "those that were not ended", [this](Remote& r) { return ListCampaigns(r, o_.all); })
        ->add_flag("--all", o_.all);
    CLI::App* quota = Command(product, "quota", "how much of a fund's quota of a trading day is taken",
                              [this](Remote& r) { return ShowQuota(r, o_.a, o_.b); });
    quota->add_option("FUND", o_.a)->required();
    quota->add_option("DAY", o_.b)->required();
    CLI::App* bank = Command(product, "bank", "what a bank may advance for fast redemptions, and has out",
                             [this](Remote& r) { return AdvancingBank(r, o_.a, o_.b); });
    bank->add_option("BANK", o_.a, "its code, as in [fund.fast]")->required();
    bank->add_option("--limit", o_.b, "from now on, for all funds together");
    CLI::App* import = Command(product, "import", "files C1 to C6 of an institution: what changes, proposed for another person to approve",
                               [this](Remote& r) { return ImportProducts(r, import_); });
    import->add_option("FILE", import_.files, "OFD_…_C1.TXT to OFD_…_C6.TXT; what belongs together in one import")->required();
    import->add_option("--person", import_.person, "who proposes");
    import->add_option("--note", import_.note);
    import->add_option("--distributor", import_.distributor, "lines for others are left; the receiver that the file names");
    import->add_flag("--at-once", import_.at_once, "no proposals; refused where two persons are required");
    import->add_flag("--dry-run", import_.dry_run, "changes nothing");
    AddRisk();
  }

  void AddRisk() {
    CLI::App* risk = Family("risk", "suitability: questionnaire, texts, what is known of a person, evidence");
    Command(risk, "load", "a policy from a TOML file", [this](Remote& r) { return LoadPolicy(r, o_.a); })
        ->add_option("FILE", o_.a, "docs/suitability.md shows one")
        ->required();
    Command(risk, "policy", "the policy in force", [](Remote& r) { return ShowPolicy(r); });
    CLI::App* person = Command(risk, "person", "birth, professional investor, pension account; all of it anew",
                               [this](Remote& r) { return SetPerson(r, o_.person_facts); });
    person->add_option("INVESTOR", o_.person_facts.investor)->required();
    person->add_option("--born", o_.person_facts.born, "a date");
    person->add_option("--professional-until", o_.person_facts.professional_until, "a date");
    person->add_flag("--pension-account", o_.person_facts.pension_account);
    CLI::App* confirm = Command(risk, "confirm", "the investor has confirmed a text, or the sale was recorded",
                                [this](Remote& r) { return Confirm(r, o_.confirm); });
    confirm->add_option("INVESTOR", o_.confirm.investor)->required();
    confirm->add_option("FUND", o_.confirm.fund)->required();
    confirm->add_option("--kind", o_.confirm.kind, "mismatch, age, recording")->required();
    confirm->add_option("--text-version", o_.confirm.version, "of the policy");
    confirm->add_option("--reference", o_.confirm.reference, "of the recording");
    CLI::App* evidence = Command(risk, "evidence", "what was recorded of an investor and their orders, or of one order",
                                 [this](Remote& r) { return ShowEvidence(r, o_.a, o_.b); });
    evidence->add_option("--investor", o_.a);
    evidence->add_option("--order", o_.b);
  }

  void AddAccount() {
    CLI::App* investor = Family("investor", "people and institutions who invest");
    CLI::App* open = Command(investor, "open", "open a trading account; the same certificate gives the same one",
                             [this](Remote& r) { return OpenInvestor(r, o_.open); });
    open->add_option("--name", o_.open.name)->required();
    open->add_option("--certificate", o_.open.certificate, "its number")->required();
    open->add_option("--certificate-type", o_.open.certificate_type, "the standard's code; 0 is an identity card")
        ->capture_default_str();
    open->add_option("--mobile", o_.open.mobile);
    open->add_flag("--institution", o_.open.institution);
    RequestId(open, &o_.open.request_id);
    CLI::App* change = Command(investor, "change", "new data; they go to every institution with an open fund account",
                               [this](Remote& r) { return ChangeInvestor(r, o_.change); });
    change->add_option("INVESTOR", o_.change.investor)->required();
    change->add_option("--name", o_.change.name);
    change->add_option("--certificate", o_.change.certificate, "its number");
    change->add_option("--certificate-type", o_.change.certificate_type, "the standard's code");
    change->add_option("--until", o_.change.until, "the certificate's last day, 2030-12-31");
    change->add_option("--mobile", o_.change.mobile);
    change->add_option("--address", o_.change.address);
    RequestId(change, &o_.change.request_id);
    CLI::App* assess =
        Command(investor, "assess", "record a risk questionnaire", [this](Remote& r) { return Assess(r, o_.assess); });
    assess->add_option("INVESTOR", o_.assess.investor)->required();
    assess->add_option("--answers", o_.assess.answers, "points of each answer, 0 to 20: 12,15,9")
        ->delimiter(',')
        ->required();
    assess->add_flag("--lowest-class", o_.assess.lowest_class, "may buy R1 only");
    RequestId(assess, &o_.assess.request_id);
    CLI::App* card =
        Command(investor, "add-card", "add a bank card", [this](Remote& r) { return AddCard(r, o_.a, o_.b, o_.c); });
    card->add_option("INVESTOR", o_.a)->required();
    card->add_option("--bank", o_.b, "its code")->required();
    card->add_option("--card", o_.c, "its number")->required();
    CLI::App* change_card = Command(investor, "change-card", "another card for the money; asks the bank whose it is",
                                    [this](Remote& r) { return ChangeCard(r, o_.card); });
    change_card->add_option("INVESTOR", o_.card.investor)->required();
    change_card->add_option("--card-id", o_.card.card, "one of the investor's cards");
    change_card->add_option("--card", o_.card.number, "or its number");
    change_card->add_option("--bank", o_.card.bank, "and its bank's code");
    change_card->add_option("--person", o_.card.person, "who takes the application");
    change_card->add_option("--why", o_.card.why);
    RequestId(change_card, &o_.card.request_id);
    for (const bool approve : {true, false}) {
      CLI::App* decide = Command(investor, approve ? "approve-card" : "reject-card", "decide a change of a card",
                                 [this, approve](Remote& r) { return DecideCardChange(r, o_.card, approve); });
      decide->add_option("CHANGE", o_.card.change, "its number")->required();
      decide->add_option("--person", o_.card.person, "who decides, not who took it")->required();
      if (approve) decide->add_option("--evidence", o_.card.evidence, "where what was seen is filed")->required();
      decide->add_option("--why", o_.card.why);
    }
    Command(investor, "card-changes", "of one investor, or all that wait for the bank or an operator",
            [this](Remote& r) { return ListCardChanges(r, o_.a); })
        ->add_option("INVESTOR", o_.a);
    CLI::App* close_card =
        Command(investor, "close-card", "a card is used no more", [this](Remote& r) { return CloseCard(r, o_.card); });
    close_card->add_option("INVESTOR", o_.card.investor)->required();
    close_card->add_option("--card-id", o_.card.card)->required();
    close_card->add_option("--person", o_.card.person, "who closes it");
    close_card->add_option("--why", o_.card.why);
    CLI::App* payouts = Command(investor, "payouts", "whether money of institutions goes on to the card by itself",
                                [this](Remote& r) { return SetPayouts(r, o_.a, o_.b == "on"); });
    payouts->add_option("INVESTOR", o_.a)->required();
    payouts->add_option("ON", o_.b)->required()->check(CLI::IsMember({"on", "off"}));
    Command(investor, "tax", "where they pay taxes, by declaration, and what institutions know",
            [this](Remote& r) { return ShowTax(r, o_.a); })
        ->add_option("INVESTOR", o_.a)
        ->required();
    CLI::App* declare = Command(investor, "declare-tax", "record where they say that they pay taxes",
                                [this](Remote& r) { return DeclareTax(r, o_.a, o_.b, o_.card.person, o_.card.request_id); });
    declare->add_option("INVESTOR", o_.a)->required();
    declare->add_option("--file", o_.b, "the declaration, in TOML: docs/business.md, Tax residency")->required();
    declare->add_option("--person", o_.card.person, "who has seen it signed");
    RequestId(declare, &o_.card.request_id);
    Command(investor, "show", "class, cards, fund accounts", [this](Remote& r) { return ShowInvestor(r, o_.a); })
        ->add_option("INVESTOR", o_.a)
        ->required();
    CLI::App* account = Family("account", "what an investor has");
    Command(account, "show", "cash, positions, lots", [this](Remote& r) { return ShowAccount(r, o_.a); })
        ->add_option("INVESTOR", o_.a)
        ->required();

    CLI::App* open_fund = Command(account, "open-fund-account", "apply for one without an order; shows the one there is",
                                  [this](Remote& r) { return OpenFundAccount(r, o_.a, o_.ta); });
    open_fund->add_option("INVESTOR", o_.a)->required();
    open_fund->add_option("--ta", o_.ta, "institution")->required();
    CLI::App* request = Command(account, "request", "close, end, freeze, thaw a fund account, or report it lost or found",
                                [this](Remote& r) { return RequestAccount(r, o_.account_business); });
    request->add_option("INVESTOR", o_.account_business.investor)->required();
    request->add_option("BUSINESS", o_.account_business.business, "close, end, freeze, thaw, lost, found")
        ->required()
        ->check(CLI::IsMember({"close", "end", "freeze", "thaw", "lost", "found"}));
    request->add_option("--ta", o_.account_business.ta, "institution")->required();
    request->add_option("--cause", o_.account_business.cause, "of a freeze: 0 judicial, 1 at the counter, 2 pledge");
    request->add_option("--until", o_.account_business.until, "its last day, 2025-12-31; none: without end");
    RequestId(request, &o_.account_business.request_id);
    Command(account, "application", "where an application stands", [this](Remote& r) { return ShowApplication(r, o_.a); })
        ->add_option("APPLICATION", o_.a)
        ->required();
    CLI::App* link = Command(account, "link", "whose a trading account of another distributor is, for its orders by file",
                             [this](Remote& r) { return LinkTradingAccount(r, o_.b, o_.c, o_.a); });
    link->add_option("INVESTOR", o_.a)->required();
    link->add_option("--distributor", o_.b, "its code, the creator of its files")->required();
    link->add_option("--trading-account", o_.c, "TransactionAccountID in its files")->required();

    for (const bool deposit : {true, false}) {
      CLI::App* pay = Command(&app_, deposit ? "deposit" : "withdraw",
                              deposit ? "money from a card" : "money to a card", [this, deposit](Remote& r) {
                                o_.pay.deposit = deposit;
                                return Pay(r, o_.pay);
                              });
      pay->add_option("INVESTOR", o_.pay.investor)->required();
      pay->add_option("AMOUNT", o_.pay.amount, "10,000.00")->required();
      pay->add_option("--card", o_.pay.card, "which of the investor's cards; none: the one that money goes out to");
      RequestId(pay, &o_.pay.request_id);
    }
    CLI::App* bank = Family("bank", "the simulated bank");
    CLI::App* fund = Command(bank, "fund-card", "put money on a card outside",
                             [this](Remote& r) { return FundCard(r, o_.a, o_.b, o_.request_id); });
    fund->add_option("CARD", o_.a, "its number")->required();
    fund->add_option("AMOUNT", o_.b, "10,000.00")->required();
    RequestId(fund, &o_.request_id);
    Command(bank, "balances", "settlement account, institutions, cards", [](Remote& r) { return ShowBankBalances(r); });
    CLI::App* interest = Family("interest", "interest on settlement money, which is the investors'");
    CLI::App* record = Command(interest, "record", "the bank has credited it; it is spread by itself",
                               [this](Remote& r) { return RecordInterest(r, o_.interest); });
    record->add_option("AMOUNT", o_.interest.amount, "123.45")->required();
    record->add_option("--from", o_.interest.first, "first day of the period")->required();
    record->add_option("--to", o_.interest.last, "its last day")->required();
    record->add_option("--reference", o_.interest.reference, "the line of the bank's statement; once")->required();
    record->add_option("--person", o_.interest.person, "who records it")->required();
    Command(interest, "list", "what was recorded and spread; 1 where something is nobody's",
            [](Remote& r) { return ListInterest(r); });
    CLI::App* ledger = Family("ledger", "the books");
    Command(ledger, "trial-balance", "all legs of both ledgers; 1 where they do not balance", [this](Remote& r) {
      return ShowTrialBalance(r, o_.verify);
    })->add_flag("--verify", o_.verify, "recompute from every account");
    CLI::App* lines = Command(ledger, "lines", "an investor's lines, newest first",
                              [this](Remote& r) { return ListLedger(r, o_.a, o_.limit); });
    lines->add_option("INVESTOR", o_.a)->required();
    lines->add_option("--limit", o_.limit)->capture_default_str();
  }

  void AddOrder() {
    CLI::App* order = Family("order", "orders");
    CLI::App* submit = Command(order, "submit", "place an order; 1 where it is rejected",
                               [this](Remote& r) { return SubmitOrder(r, o_.submit); });
    submit->add_option("--investor", o_.submit.investor)->required();
    submit->add_option("--fund", o_.submit.fund)->required();
    submit->add_option("--purchase", o_.submit.purchase, "for this amount (022)");
    submit->add_option("--subscribe", o_.submit.subscribe, "an offer, for this amount (020)");
    submit->add_option("--subscribe-units", o_.submit.subscribe_units, "an offer, for so many units (020)");
    submit->add_option("--redeem", o_.submit.redeem, "so many units (024)");
    submit->add_option("--dividends", o_.submit.dividends, "in cash or in units, from now on (029)");
    submit->add_option("--freeze", o_.submit.freeze, "so many units (031)");
    submit->add_option("--thaw", o_.submit.thaw, "so many units that were frozen or pledged here (032)");
    submit->add_option("--pledge", o_.submit.pledge, "so many units (088)");
    submit->add_option("--convert", o_.submit.convert, "so many units (036), with --into");
    submit->add_option("--into", o_.submit.into, "the fund that a conversion enters");
    submit->add_flag("--fast", o_.submit.fast, "with --redeem: at once, with money that a bank advances (098); with --bring: such units (097)");
    submit->add_option("--move", o_.submit.move, "so many units to another distributor (028), with --to-distributor");
    submit->add_flag("--at-once", o_.submit.at_once, "in one step that asks nothing of that distributor (026)");
    submit->add_option("--give", o_.submit.give, "so many units to somebody else (033), with --to-account");
    submit->add_flag("--outside", o_.submit.outside, "to somebody whom another distributor serves (035)");
    submit->add_option("--adjust", o_.submit.adjust, "a subscription of an offer, by its number (062)");
    submit->add_option("--to-amount", o_.submit.to_amount, "what it is to be from then on; one by units: --to-units");
    submit->add_option("--to-units", o_.submit.to_units, "so many units from then on");
    submit->add_option("--bring", o_.submit.bring, "so many units from another distributor (027), with --from-distributor");
    submit->add_option("--receive", o_.submit.receive, "so many units from somebody else (034), with --from-account");
    submit->add_option("--prove", o_.submit.prove, "so many units whose title is proven (080)");
    submit->add_option("--to-distributor,--from-distributor", o_.submit.to_distributor);
    submit->add_option("--to-account,--from-account", o_.submit.to_account, "the trading account at the other end");
    submit->add_option("--reason", o_.submit.reason, "of the transfer, the standard's code");
    submit->add_flag("--confirm-mismatch", o_.submit.mismatch_confirmed,
                     "the investor has confirmed to buy above their class");
    submit->add_flag("--cancel-rest", o_.submit.cancel_rest, "of a large redemption, instead of deferring it");
    RequestId(submit, &o_.submit.request_id);
    const auto one = [&](const char* name, const char* what, Result (*f)(Remote&, const std::string&)) {
      Command(order, name, what, [this, f](Remote& r) { return f(r, o_.a); })->add_option("ORDER", o_.a)->required();
    };
    one("show", "one order", ShowOrder);
    one("cancel", "before the cut-off of its trading day", CancelOrder);
    one("trace", "every step with its time, files and lines; every attempt where there was trouble", TraceOrder);
    one("lots", "which lots the order took its units from, and what each was charged", ShowLots);
    CLI::App* list = Command(order, "list", "an investor's orders, newest first",
                             [this](Remote& r) { return ListOrders(r, o_.a, o_.limit); });
    list->add_option("INVESTOR", o_.a)->required();
    list->add_option("--limit", o_.limit)->capture_default_str();
    CLI::App* answer = Command(order, "answer", "the second proof that risk asked for", [this](Remote& r) -> Result {
      if (o_.passed == o_.failed) return absl::InvalidArgumentError("say either --passed or --failed");
      return AnswerChallenge(r, o_.a, o_.passed);
    });
    answer->add_option("ORDER", o_.a)->required();
    answer->add_flag("--passed", o_.passed);
    answer->add_flag("--failed", o_.failed);
    Command(order, "watch", "at every change, until it is final",
            [this](Remote& r) {
              streamed_ = true;
              return WatchOrder(r, o_.a, [this](const Answer& a) {
                Print(a, o_.json);
                if (!o_.json) std::printf("\n");
              });
            })
        ->add_option("ORDER", o_.a)
        ->required();
  }

  void AddPlan() {
    CLI::App* plan = Family("plan", "orders that come again by themselves");
    CLI::App* make = Command(plan, "make", "its first debit is tomorrow or later", [this](Remote& r) { return MakePlan(r, o_.plan); });
    make->add_option("--investor", o_.plan.investor)->required();
    make->add_option("--fund", o_.plan.fund)->required();
    make->add_option("--purchase", o_.plan.purchase, "for this amount each time");
    make->add_option("--up-to", o_.plan.target, "what is missing to this value each time");
    make->add_option("--redeem", o_.plan.redeem, "so many units each time");
    make->add_option("--weekly", o_.plan.weekly, "on this day of the week");
    make->add_option("--fortnightly", o_.plan.fortnightly, "on this day of every other week");
    make->add_option("--monthly", o_.plan.monthly, "on this day of the month; the last one where the month is shorter");
    make->add_option("--from", o_.plan.first, "no debit before this day");
    make->add_option("--until", o_.plan.last, "none after it; without end");
    make->add_option("--times", o_.plan.times, "so many debits; without end");
    make->add_option("--ends-after", o_.plan.misses, "missed debits: three-in-a-row, three-in-all or twelve-in-a-row")
        ->capture_default_str();
    make->add_flag("--confirm-mismatch", o_.plan.mismatch_confirmed, "the investor has confirmed to buy above their class");
    make->add_flag("--cancel-rest", o_.plan.cancel_rest, "of a large redemption, instead of deferring it");
    RequestId(make, &o_.plan.request_id);
    Command(plan, "list", "an investor's plans, newest first", [this](Remote& r) { return ListPlans(r, o_.a); })
        ->add_option("INVESTOR", o_.a)
        ->required();
    const auto one = [&](const char* name, const char* what, const char* method) {
      CLI::App* c = Command(plan, name, what, [this, method](Remote& r) { return AskOfPlan(r, method, o_.a, o_.b); });
      c->add_option("INVESTOR", o_.a)->required();
      c->add_option("PLAN", o_.b)->required();
    };
    one("show", "its terms, and what became of its last debits", "GetPlan");
    one("pause", "no debits until it is resumed", "PausePlan");
    one("resume", "with the next debit day", "ResumePlan");
    one("end", "for good", "EndPlan");
  }

  void AddOrderFiles() {
    CLI::App* orders = Family("orders", "orders by file: those of another distributor's 03");
    const auto file = [this](CLI::App* c, std::string* path, std::string* variant) {
      c->add_option("FILE", *path, "OFD_<distributor>_<institution>_<yyyymmdd>_03.TXT")->required();
      c->add_option("--variant", *variant, "what the sender does otherwise than the standard, a TOML file");
    };
    CLI::App* import = Command(orders, "import", "take a file as orders; again changes nothing. 1 where a line is refused",
                               [this](Remote& r) {
                                 o_.import.all_lines = o_.json;
                                 return ImportOrders(r, o_.import);
                               });
    file(import, &o_.import.file, &o_.import.variant);
    import->add_option("--output", o_.import.output, "results, one JSON object a line of the file");
    import->add_option("--batch", o_.import.batch, "orders a call")->capture_default_str();
    CLI::App* answer = Command(orders, "answer", "write the 04 that answers a file, once everything is final",
                               [this](Remote& r) { return AnswerOrders(r, o_.answer); });
    file(answer, &o_.answer.file, &o_.answer.variant);
    answer->add_option("--output-dir", o_.answer.output_dir, "where the 04 and its index go")->required();
    answer->add_flag("--partial", o_.answer.partial, "what is final, though other lines are not");
    file(Command(orders, "accounts", "the trading accounts of a file and whose they are; 1 where one is nobody's",
                 [this](Remote& r) { return ListFileAccounts(r, o_.a, o_.b); }),
         &o_.a, &o_.b);
  }

  void AddDay() {
    const auto ta_and_day = [this](CLI::App* c, bool needed) {
      c->add_option("--ta", o_.ta, "institution")->required(needed);
      c->add_option("--day", o_.day, "business day")->required(needed);
    };
    CLI::App* day = Family("day", "business days of the institutions");
    ta_and_day(Command(day, "status", "where each day stands and what it waits for",
                       [this](Remote& r) { return ShowDays(r, o_.ta, o_.day); }),
               false);
    Command(day, "advance", "look for files and due steps now; returns when all days wait for something outside",
            [](Remote& r) { return AdvanceDays(r); });
    CLI::App* kind = Command(day, "in-kind", "creations and redemptions of ETF units in kind that an institution has told (191 to 194)",
                             [this](Remote& r) { return ListInKind(r, o_.ta, o_.day); });
    kind->add_option("--ta", o_.ta, "institution")->required();
    kind->add_option("--day", o_.day, "confirmation day; all of them");
    CLI::App* file = Family("file", "settlement files");
    ta_and_day(Command(file, "list", "files in and out", [this](Remote& r) { return ListFiles(r, o_.ta, o_.day); }),
               false);
    CLI::App* recon = Family("recon", "reconciliations");
    ta_and_day(Command(recon, "show", "counts and sums of a day; 1 where anything differs",
                       [this](Remote& r) { return ShowReconciliation(r, o_.ta, o_.day); }),
               true);
    CLI::App* breaks = Family("break", "what does not add up, and how people close it");
    CLI::App* list = Command(breaks, "list", "open ones; 1 where there are any",
                             [this](Remote& r) { return ListBreaks(r, o_.ta, o_.all); });
    list->add_option("--ta", o_.ta, "institution");
    list->add_flag("--all", o_.all, "closed ones, too");
    Command(breaks, "show", "everything about one", [this](Remote& r) { return ShowBreak(r, o_.number); })
        ->add_option("ID", o_.number)
        ->required();
    CLI::App* propose = Command(breaks, "propose", "how it shall end", [this](Remote& r) {
      return ProposeResolution(r, o_.number, o_.resolution, o_.note, o_.person);
    });
    propose->add_option("ID", o_.number)->required();
    propose->add_option("--resolution", o_.resolution, "ACCEPT_TA, AWAIT_CORRECTION or EXPLAINED")->required();
    propose->add_option("--note", o_.note, "why")->required();
    propose->add_option("--person", o_.person, "who proposes")->required();
    CLI::App* approve = Command(breaks, "approve", "by a second person",
                                [this](Remote& r) { return ApproveResolution(r, o_.number, o_.person); });
    approve->add_option("ID", o_.number)->required();
    approve->add_option("--person", o_.person, "who approves")->required();
  }

  Options o_;
  ProductImportOptions import_;
  CLI::App app_{"fundctl: operating fundcore", "fundctl"};
  Body chosen_;
  bool streamed_ = false;
};

}  // namespace
}  // namespace fundcore::fundctl

int main(int argc, char** argv) {
  using namespace fundcore::fundctl;
  std::vector<std::string> args(argv + 1, argv + argc);
  // File tools need no server and have options of their own.
  if (!args.empty() && args[0] == "ofd") {
    return fundcore::ofd_tools::Run({args.begin() + 1, args.end()}, std::cout, std::cerr);
  }
  if (!args.empty() && args[0] == "kafka") return AskKafka({args.begin() + 1, args.end()});
  const auto calc = std::find_if(args.begin(), args.end(), [](const std::string& a) { return a != "--json"; });
  if (calc != args.end() && *calc == "calc") {
    args.erase(calc);
    return Calculate(std::move(args));
  }
  return CommandLine().Run(argc, argv);
}
