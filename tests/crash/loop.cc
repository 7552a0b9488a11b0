// The plan, the blows, the figures. See loop.h.
#include "tests/crash/loop.h"

#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>

#include "absl/strings/str_format.h"
#include "common/base/check.h"
#include "common/base/status.h"
#include "common/runtime/clock.h"
#include "fundcore/admin/v1/admin.pb.h"
#include "tests/crash/control.h"
#include "tests/crash/damage.h"
#include "tests/crash/end_of_day.h"
#include "tests/crash/promises.h"
#include "tests/support/process.h"

namespace fundcore::crash {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kPatienceMicros = 120'000'000;  // nothing takes so long, but for a machine with other things to do
constexpr char kAdmin[] = "fundcore.admin.v1.AdminService/";

// Moments in the life of the log, of the state and of a checkpoint, told by the call on the disk that makes them. What the
// server must survive there is in docs/proof-kills.md.
struct Named {
  const char* name;
  uint32_t calls;
  When when;
  const char* path;
  int64_t up_to;                                            // the n-th such call, 1 … up_to
  enum Needs { kLoad, kCheckpoint, kBurst, kStart } needs = kLoad;
  bool tear = false;                                        // what the call wrote was not synced: tear it
};
constexpr Named kPoints[] = {
    {"append: before the write", kWrite, When::kBefore, "/log/segment-", 50},
    {"append: half written", kWrite, When::kHalf, "/log/segment-", 50},
    {"append: written, not synced, torn", kWrite, When::kAfter, "/log/segment-", 50, Named::kLoad, true},
    {"append: synced, before the reply", kSync, When::kAfter, "/log/segment-", 50},
    {"ids: run half written", kWrite, When::kHalf, "/state/ingest/", 1},
    {"ids: run written, not in the store", kSync, When::kAfter, "/state/ingest/", 2},
    {"ids: run linked, not in the manifest", kLink, When::kAfter, "/state/db/*.sst", 2},
    {"ids: run in the store, before the write-back ends", kRemove, When::kBefore, "/state/ingest/", 2},
    {"flush: table created", kCreate, When::kAfter, "/state/db/*.sst", 4},
    {"flush: table half written", kWrite, When::kHalf, "/state/db/*.sst", 6},
    {"flush: table written", kSync, When::kAfter, "/state/db/*.sst", 4},
    {"flush: manifest half written", kWrite, When::kHalf, "/state/db/MANIFEST", 6},
    {"flush: before the manifest's sync", kSync, When::kBefore, "/state/db/MANIFEST", 6},
    {"flush: done, before the log hears of it", kSync, When::kAfter, "/state/db/MANIFEST", 6},
    {"compaction: before a table is removed", kRemove, When::kBefore, "/state/db/*.sst", 4},
    {"compaction: a table was removed", kRemove, When::kAfter, "/state/db/*.sst", 4},
    {"checkpoint: linking", kLink, When::kAfter, "/checkpoints/", 6, Named::kCheckpoint},
    {"checkpoint: linked, without a manifest", kCreate, When::kBefore, "/checkpoints/*MANIFEST.new", 1, Named::kCheckpoint},
    {"checkpoint: manifest half written", kWrite, When::kHalf, "/checkpoints/*MANIFEST.new", 1, Named::kCheckpoint},
    {"checkpoint: before its name", kRename, When::kBefore, "/checkpoints/cp-", 1, Named::kCheckpoint},
    {"checkpoint: named, before the sync", kRename, When::kAfter, "/checkpoints/cp-", 1, Named::kCheckpoint},
    {"start: any call", kAnyCall, When::kBefore, "", 40, Named::kStart},
    {"start: after any call", kAnyCall, When::kAfter, "", 40, Named::kStart},
    {"start: the log is synced, before it is played", kSync, When::kAfter, "/log", 2, Named::kStart},
    {"any call of the store", kAnyCall, When::kAfter, "/state/", 40},
    {"any write of the store, half done", kWrite, When::kHalf, "/state/", 20},
    {"new segment: being made", kAnyCall, When::kHalf, "/log/next-segment", 3, Named::kBurst},
    {"new segment: before its name", kRename, When::kBefore, "/log/segment-", 1, Named::kBurst},
    {"new segment: named, before its folder's sync", kRename, When::kAfter, "/log/segment-", 1, Named::kBurst},
};

void Wait(int64_t micros) { poll(nullptr, 0, static_cast<int>(micros / 1000)); }

std::string LastLines(const std::string& file) {
  std::ifstream in(file);
  std::string all((std::istreambuf_iterator<char>(in)), {});
  return all.size() > 1500 ? all.substr(all.size() - 1500) : all;
}

class Loop {
 public:
  Loop(const LoopOptions& options, Report* report) : o_(options), report_(report), random_(options.seed) {
    root_ = folder_.path();
    if (o_.small_disk) MountSmallDisk();
    data_ = root_ + "/data";
    errors_ = folder_.path() + "/server.errors";
    const std::string control = folder_.path() + "/control";
    control_ = MapControl(control.c_str(), true);
    FC_CHECK(control_ != nullptr, "cannot map ", control);
    environment_ = {StrCat("LD_PRELOAD=", testing::ProgramBeside("libcrash_points.so")), StrCat(kControlVariable, "=", control)};
    flags_ = {"--clock=steered", "--clock-start=2025-03-03 10:00", "--partitions=8", "--bank-generous", "--flush-every=300KiB", "--log-segment=4MiB"};
    server_ = std::make_unique<testing::ServerProcess>(ServerOf(data_));
  }
  ~Loop() {
    server_->Kill();
    if (small_disk_) umount(root_.c_str());
  }

  bool Run() {
    const int64_t began = MonotonicMicros();
    if (o_.kinds.contains("crashpoint")) {
      for (int i = 0; i < o_.first_starts && report_->faults.empty(); ++i) FirstStart();
    }
    if (report_->faults.empty()) Days();
    report_->seconds = static_cast<double>(MonotonicMicros() - began) / 1e6;
    return report_->faults.empty();
  }

 private:
  testing::ServerProcessOptions ServerOf(const std::string& data) const {
    testing::ServerProcessOptions options;
    options.program = testing::ProgramBeside("fundcore");
    options.data = data;
    options.flags = flags_;
    options.environment = environment_;
    options.errors = errors_;
    return options;
  }
  Patient PatientAt(const std::string& data) const {
    return {testing::ProgramBeside("fundcore"), data, flags_, folder_.path() + "/patient.errors"};
  }
  bool Fault(std::string what) { return report_->faults.push_back(std::move(what)), false; }
  void Tell(const std::string& kind, const std::string& what) {
    ++report_->blows[kind];
    if (o_.tell) std::printf("%4d  %s%s%s\n", ++told_, kind.c_str(), what.empty() ? "" : ": ", what.c_str()), std::fflush(stdout);
  }
  uint64_t Draw(uint64_t below) { return random_.Below(below); }

  // In a mount namespace of our own: it is gone with this process, whatever happens.
  void MountSmallDisk() {
    const std::string at = folder_.path() + "/disk";
    fs::create_directory(at);
    if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        mount("tmpfs", at.c_str(), "tmpfs", 0, "size=1400m") != 0) {
      std::printf("a small file system cannot be mounted here (it needs root); the disk is filled by crash_points instead\n");
      return;
    }
    root_ = at;
    small_disk_ = true;
  }

  // A new folder whose first start dies at its n-th call on the disk, and maybe the second one, too, must start in the end.
  void FirstStart() {
    const std::string data = root_ + "/first";
    fs::remove_all(data);
    testing::ServerProcess server(ServerOf(data));
    std::string what;
    for (int deaths = 1 + static_cast<int>(Draw(2)); deaths > 0; --deaths) {
      const int64_t nth = 1 + static_cast<int64_t>(Draw(first_calls_));
      Arm(control_, {kAnyCall, static_cast<When>(Draw(3)), data, nth});
      server.Begin();
      const absl::Status served = server.AwaitServing();
      const bool died = !served.ok();
      Disarm(control_);
      if (!died) {
        first_calls_ = std::max<uint64_t>(5, static_cast<uint64_t>(nth) - 1);
        server.Kill();
      } else if (control_->fired.load() == 0) {
        return void(Fault(StrCat("the first start, tried again after \"", what, "\", ends: ", served.message(), " ", LastLines(errors_))));
      }
      what += StrCat(what.empty() ? "" : ", then ", "call ", nth, died ? StrCat(" ", control_->fired_call, " ",
                     fs::path(control_->fired_path).lexically_relative(root_).string()) : " (it served)");
      ++report_->deaths;
    }
    if (const absl::Status s = server.Start(); !s.ok()) {
      return void(Fault(StrCat("a first start killed at ", what, ", does not start again: ", s.message(), " ", LastLines(errors_))));
    }
    server.Kill();
    Tell("first start", what);
  }

  bool Start() {
    if (const absl::Status s = server_->Start(); !s.ok()) return Fault(StrCat(s.message(), " ", LastLines(errors_)));
    report_->slowest_start = std::max(report_->slowest_start, static_cast<double>(server_->start_took().raw()) / 1e6);
    return true;
  }

  void Days() {
    if (!Start()) return;
    operator_ = std::make_unique<testing::AsyncClient>(server_->address(), "operator");
    testing::Market market;
    // A machine that is busy with other things may let the first connection wait.
    absl::Status made;
    for (int tries = 0; tries < 10; ++tries) {
      market = testing::Market();
      made = testing::MakeMarket(operator_.get(), {.investors = o_.investors, .in_flight = 32}, true, &market);
      if (!absl::IsUnavailable(made)) break;
      Wait(1'000'000);
    }
    if (!made.ok()) return void(Fault(StrCat("the market cannot be made: ", made.ToString())));
    promises_ = std::make_unique<Promises>(market, o_.seed + 1);
    load_ = std::make_unique<Load>(server_->address(), promises_.get(), o_.rate);
    const int64_t until = o_.minutes > 0 ? MonotonicMicros() + o_.minutes * 60'000'000ll : INT64_MAX;
    for (const std::string& kind : Plan()) {
      if (MonotonicMicros() > until) break;
      const uint64_t before = promises_->acknowledged();
      const bool good = kind == "kill" ? KillOnce() : kind == "stop" ? StopOnce() : kind == "crashpoint" ? CrashOnce()
                        : kind == "diskfull" ? FillOnce() : DamageOnce();
      if (!good) {
        load_->Abandon();
        return;
      }
      // Progress, or the next blow would fall on nothing.
      const int64_t patience = MonotonicMicros() + kPatienceMicros;
      while (promises_->acknowledged() < before + 50 && MonotonicMicros() < patience) Wait(5'000);
      if (promises_->acknowledged() < before + 50) {
        Fault(StrCat("after ", kind, " no orders are acknowledged for two minutes: ", promises_->NoAnswers(), " ", LastLines(errors_)));
        return load_->Abandon();
      }
      if (!promises_->violations().empty()) break;
    }
    load_->Finish();
    TheEnd();
  }

  void TheEnd() {
    const Verdict v = Judge(server_->address(), *promises_, true, [this] { return !server_->AwaitEnd(Duration::Millis(0)); });
    for (const auto& f : promises_->violations()) Fault(f);
    for (const auto& f : v.faults) Fault(f);
    report_->orders = v.orders;
    report_->accepted = v.accepted;
    report_->rejected = v.rejected;
    report_->cancelled = v.cancelled;
    report_->repeats = promises_->repeats;
    report_->other_content = promises_->other_content;
    report_->payments = promises_->payments;
    report_->no_answers = promises_->NoAnswers();
    if (report_->faults.empty() && o_.kinds.contains("crashpoint")) {
      const auto day = EndOfDay({.server = server_.get(), .control = control_, .random = &random_, .promises = promises_.get(),
                                 .data = data_, .scratch = folder_.path(), .tell = [this](const std::string& point, const std::string& what) {
                                   ++report_->deaths;
                                   Tell(point, what);
                                 }});
      for (const auto& f : day) Fault(f);
      if (!day.empty()) Fault(StrCat("the server said: ", LastLines(errors_)));
    }
    if (const int code = server_->Stop(); code != 0) Fault(StrCat("the server stops with ", code, ": ", LastLines(errors_)));
    const std::string check = StrCat(testing::ProgramBeside("fundcore"), " check-replay --data=", data_);
    if (system(check.c_str()) != 0) Fault("the replay from the empty state differs");
  }

  // So many of each kind, in a drawn order.
  std::vector<std::string> Plan() {
    std::vector<std::string> plan;
    const bool kill = o_.kinds.contains("kill"), point = o_.kinds.contains("crashpoint");
    for (int i = 0; i < o_.kills && (kill || point); ++i) plan.push_back(point && (!kill || i % 5 < 3) ? "crashpoint" : "kill");
    for (const char* other : {"stop", "diskfull", "damage"}) {
      if (!o_.kinds.contains(other)) continue;
      const int count = kill || point ? std::max(1, o_.kills / 10) : std::max(1, o_.kills / static_cast<int>(o_.kinds.size()));
      for (int i = 0; i < count; ++i) plan.push_back(other);
    }
    Shuffle(&plan);
    for (const Named& p : kPoints) points_.push_back(&p);
    Shuffle(&points_);
    return plan;
  }
  template <class T>
  void Shuffle(std::vector<T>* v) {
    for (size_t i = v->size(); i > 1; --i) std::swap((*v)[i - 1], (*v)[Draw(i)]);
  }

  // --- blows ---

  bool KillOnce() {
    Wait(static_cast<int64_t>(20'000 + Draw(400'000)));
    server_->Kill();
    ++report_->deaths;
    int again = 0;
    while (Draw(3) == 0 && again < 4) {  // and again while it starts
      server_->Begin();
      Wait(static_cast<int64_t>(Draw(250'000)));
      server_->Kill();
      ++again;
      ++report_->deaths;
    }
    Tell("kill", again > 0 ? StrCat("and ", again, " more while starting") : "");
    return Start();
  }

  bool StopOnce() {
    const int64_t micros = 1'000'000 + static_cast<int64_t>(Draw(o_.kills > 50 ? 4'000'000 : 500'000));
    kill(server_->pid(), SIGSTOP);
    Wait(micros);
    kill(server_->pid(), SIGCONT);
    Tell("stop", absl::StrFormat("%.1f s", static_cast<double>(micros) / 1e6));
    return StillThere();
  }

  // No call for a second: everything is quiet, or it is gone.
  bool StillThere() {
    if (!server_->AwaitEnd(Duration::Millis(0))) return true;
    return Fault(StrCat("the server ended by itself: ", LastLines(errors_)));
  }

  const Named& NextPoint() {
    for (;;) {
      const Named& p = *points_[next_point_++ % points_.size()];
      // Filling segments takes many orders: every second round.
      if (p.needs != Named::kBurst || (o_.kills >= 50 && next_point_ / points_.size() % 2 == 0)) return p;
    }
  }

  bool CrashOnce() {
    const Named& p = NextPoint();
    const std::string path = p.path[0] == '\0' ? data_ : p.path;
    const Point point{p.calls, p.when, path, 1 + static_cast<int64_t>(Draw(static_cast<uint64_t>(p.up_to)))};
    if (p.needs == Named::kStart) {
      server_->Kill();
      ++report_->deaths;
      Arm(control_, point);
      server_->Begin();
      if (server_->AwaitServing().ok()) {
        server_->Kill();
      } else if (control_->fired.load() == 0) {
        return Fault(StrCat("it does not start: ", LastLines(errors_)));
      }
    } else {
      Arm(control_, point);
      if (p.needs == Named::kCheckpoint) AskForCheckpoint();
      if (p.needs == Named::kBurst) load_->Hurry(true);
      const bool died = server_->AwaitEnd(Duration::Seconds(p.needs == Named::kBurst ? 20 : 4));
      load_->Hurry(false);
      if (died && control_->fired.load() == 0) return Fault(StrCat("it ended by itself: ", LastLines(errors_)));
      server_->Kill();
    }
    Disarm(control_);
    ++report_->deaths;
    const bool fired = control_->fired.load() != 0;
    std::string what = fired ? StrCat(control_->fired_call, " ", fs::path(control_->fired_path).lexically_relative(data_).string())
                             : "not reached, killed";
    if (fired && p.tear && control_->write_bytes > 0) {
      std::string torn;
      TearWrite(control_->fired_path, control_->write_at, control_->write_bytes, &random_, &torn);
      what += StrCat(", ", torn);
    }
    if (!fired) ++report_->blows["(points not reached)"];
    Tell(p.name, what);
    return Start();
  }

  // Asked for by the operator; the server may die over it.
  void AskForCheckpoint() {
    auto request = std::make_shared<admin::v1::CheckpointRequest>();
    request->set_name(StrCat("cp-", ++checkpoints_));
    auto response = std::make_shared<admin::v1::CheckpointResponse>();
    operator_->Call(StrCat(kAdmin, "Checkpoint"), *request, response.get(), [request, response](absl::Status) {}, 20);
  }

  bool FillOnce() {
    // Segments have their room already: writing to them never meets a full disk.
    // Under db/ alone: a run of ids is written elsewhere, and only its link into db/ finds no room.
    static constexpr const char* kWhere[] = {"/state/", "/state/db/", "/log/next-segment", "/state/|/log/next-segment"};
    const size_t where = Draw(o_.kills >= 50 ? 4 : 2);
    const bool log = where > 1;
    const std::string filler = root_ + "/filler";
    const Full full = log || Draw(2) == 0 ? Full::kSuddenly : Full::kTold;
    const int64_t micros = 1'000'000 + static_cast<int64_t>(Draw(o_.kills > 50 ? 4'000'000 : 1'000'000));
    uint64_t refused = 0;
    if (small_disk_) {
      const std::string block(1 << 20, 'x');
      std::FILE* f = std::fopen(filler.c_str(), "w");
      while (f && std::fwrite(block.data(), 1, block.size(), f) == block.size()) {
      }
      if (f) std::fclose(f);
    } else {
      FillDisk(control_, full, kWhere[where]);
    }
    if (log) load_->Hurry(true);
    const int64_t until = MonotonicMicros() + micros + (log ? 6'000'000 : 0);
    while (MonotonicMicros() < until && !server_->AwaitEnd(Duration::Millis(20))) {
      if (log && control_->refused.load() > 0 && MonotonicMicros() > until - micros) break;
    }
    load_->Hurry(false);
    refused = control_->refused.load();
    control_->full.store(0);
    if (small_disk_) fs::remove(filler);
    const std::string lasted = absl::StrFormat("%.1f s", static_cast<double>(micros) / 1e6);
    if (small_disk_) {
      Tell("diskfull, for real", lasted);
    } else {
      Tell(StrCat("diskfull ", kWhere[where]),
           absl::StrFormat("%s%s, %d calls refused", lasted, full == Full::kTold ? ", told" : "", refused));
    }
    return StillThere();
  }

  bool DamageOnce() {
    const bool graceful = Draw(2) == 0;
    // So that there is one to restore; it is asked for while orders go on.
    if (!server_->running() && !Start()) return false;
    admin::v1::CheckpointRequest request;
    request.set_name(StrCat("cp-", ++checkpoints_));
    admin::v1::CheckpointResponse response;
    const std::string checkpoint = request.name();
    if (const absl::Status s = operator_->Wait(StrCat(kAdmin, "Checkpoint"), request, &response, 20); !s.ok()) {
      return Fault(StrCat("no checkpoint: ", s.ToString()));
    }
    Wait(300'000);
    if (graceful) {
      if (const int code = server_->Stop(); code != 0) return Fault(StrCat("the server stops with ", code, ": ", LastLines(errors_)));
    } else {
      server_->Kill();
    }
    const std::string copy = folder_.path() + "/copy";
    CopyFolder(data_, copy);
    const Patient p = PatientAt(copy);
    const bool from_checkpoint = Draw(3) != 0;
    struct {
      const char* name;
      std::string what, fault;
    } cases[] = {{"damage: log", "", ""}, {"damage: cut log", "", ""}, {"damage: state", "", ""}, {"damage: noise", "", ""}};
    cases[0].fault = RotLog(p, &random_, &cases[0].what);
    if (graceful) cases[1].fault = CutLog(p, &random_, &cases[1].what);
    cases[2].fault = RotState(p, *promises_, from_checkpoint ? checkpoint : "", &random_, &cases[2].what);
    if (!graceful) cases[3].fault = AddNoise(PatientAt(data_), &random_, &cases[3].what);
    for (const auto& c : cases) {
      if (!c.fault.empty()) return Fault(StrCat(c.name, ", ", c.what, ": ", c.fault));
      if (!c.what.empty()) Tell(c.name, c.what);
    }
    fs::remove_all(copy);
    for (const auto& old : fs::directory_iterator(data_ + "/checkpoints")) {
      if (old.path().filename() != checkpoint) fs::remove_all(old.path());
    }
    return Start();
  }

  const LoopOptions o_;
  Report* const report_;
  SeededRandom random_;
  testing::TemporaryFolder folder_;
  std::string root_, data_, errors_;
  bool small_disk_ = false;
  Control* control_ = nullptr;
  std::vector<std::string> environment_, flags_;
  std::unique_ptr<testing::ServerProcess> server_;
  std::unique_ptr<testing::AsyncClient> operator_;
  std::unique_ptr<Promises> promises_;
  std::unique_ptr<Load> load_;
  std::vector<const Named*> points_;
  size_t next_point_ = 0;
  int checkpoints_ = 0, told_ = 0;
  uint64_t first_calls_ = 80;   // about how many calls on the disk a first start makes
};

}  // namespace

std::string Report::Figures() const {
  std::string out = absl::StrFormat(
      "%d deaths in %.0f s, slowest start %.2f s\n%d orders: %d accepted, %d refused as they had to be, %d cancelled; %d repeats, "
      "%d with other content, %d payments in\ncalls without an answer, all sent again: %s\n",
      deaths, seconds, slowest_start, orders, accepted, rejected, cancelled, repeats, other_content, payments, no_answers);
  for (const auto& [name, n] : blows) out += absl::StrFormat("%6d  %s\n", n, name);
  return out;
}

const std::set<std::string>& Kinds() {
  static const std::set<std::string> kinds = {"kill", "stop", "crashpoint", "diskfull", "damage"};
  return kinds;
}

bool RunLoop(const LoopOptions& options, Report* report) { return Loop(options, report).Run(); }

}  // namespace fundcore::crash
