"""What `COMMAND --help` tells of each command."""

DEMO = """Starts the functions, plays what households bought in supermarkets through the published client
library, waits for models to be trained on the way, shows the mean reward of each fifth of the run beside the best
seller's, and what other settings would have earned, by the loop's own log and in truth. With --apprentice the loop
first learns, unseen, to do as an application's rule of thumb does, and then takes over. Prints the link of the loop's
page at the start; with --open it opens in the browser, and the demo can be watched live. Takes about three minutes;
nothing is stored, but with --keep the loop goes on serving afterwards until Ctrl-C. With --https it is served over
https, by the certificate that up keeps in its folder. Exit code 0: it learned; 1: it did not, or could not run; 130: it
was interrupted before its end. A Ctrl-C that ends what --keep serves changes nothing of that."""
UP = """Starts the functions, prints the address, the API key, the link of the page and a first call, and serves until
Ctrl-C. With --open the page opens in the browser, which gets the link from a file that only you can read, so that the
key shows in no list of processes; the file is there for a minute. Data are in a folder, and an acknowledged call is on
the disk; they survive restarts, crashes and a full disk. --storage keeps them in a storage account of Azure instead.
With --from-azurite, the data of a version that stored in the emulator Azurite are copied first. Each request is a line
in the log, and so is each warning. Settings come from the environment, then from local.settings.json. A key given by
--key can be seen in the machine's list of processes until serving begins; one in the variable RANKLOOP_KEY cannot. With
--host 0.0.0.0 other machines and containers reach it too, and nothing that they send is encrypted. With --https it is
served over https instead, by a certificate for localhost, 127.0.0.1 and ::1 that is made once in the data folder; what
is printed tells how clients come to trust it. With --welcome it prints once more what the up that serves this folder
has printed at first. Exit code 0: a signal has ended it; 1: it could not start, or the functions have ended; 2: the
set-up failed, or --welcome found no loop that serves."""
BACKUP = """Writes all data of this machine's loops and the API key into one file, as they are at one moment; an up that
serves them goes on. The file is for you alone, since it holds the key and what callers sent. Exit code 0: it is
written; 1: it could not be; 2: the set-up failed."""
RESTORE = """Brings the data and the API key of a backup into a folder of up that has none, after it has seen that they
are whole. Exit code 0: they are there; 1: the folder has data, or the file is no whole backup, and nothing was changed;
2: the set-up failed."""
REPLAY = """Makes a model again from the nearest earlier training state that is kept, over the same log in the same runs
of the learner, and compares it byte by byte. Works on the loop of a folder of up, or on
the one in the storage account that the settings name. Changes nothing. Exit code 0: the same model; 1: another one; 2:
it cannot be made again, or not be compared, since its log was redacted."""
EVALUATE = """Tells what policies would have earned, from any log in the dsjson format: one of this loop, of the old
service, or of another tool. No server is needed, and nothing is changed. Exit code 0: it was evaluated; 1: that failed
on the way; 2: the log or a policy cannot be used, or the set-up failed; 130: it was interrupted."""
LEARN = """Makes settings and a model of old logs, and says what they are worth: reads dsjson of this loop, of the old
service or of another tool, and CSV or Parquet, whose columns a JSON file names; says what the log cannot teach;
searches for learning settings, and takes those that are better than what was done for certain, else those of a new
loop; trains a model on the whole log, and shows what it would have earned on the way. With --to, a loop gets settings
and model, with a key that is in the variable RANKLOOP_KEY or in the folder of up; without, they are written to a
folder. Exit code 0: it is done; 1: it failed on the way; 2: a log, a policy or the loop cannot be used, nothing was
replaced, or the set-up failed; 130: it was interrupted."""
POLICY = """learning arguments of a policy to evaluate, with a name of its own or without; may be repeated. Arguments of
a single word need an equals sign: --policy=--cb_explore_adf"""
TEST = """Checks the lock file, requirements.txt, style, types and the rules of imports, then runs all tests. Each check
runs even if one before it found something; the exit code is 0 only if none did. With --quick, it checks style, types
and the rules of imports, and runs the tests in tests/unit, in less than a minute. With arguments for pytest, it runs
nothing but the tests that they choose."""
BENCH = """Measures speed and memory, each against a real other side in the same run; prints a table, and writes JSON.
The measures are rank-cpu, worker, multislot-cpu, trial-cpu, round-trips, requests, training, evaluate,
evaluation-workers, join, catch-up, memory, cold-start, idle-run, page, loops, concurrency, policy-cost, long-waits
and embedded; all of them take 25 to 31 minutes. The studies coverage, truth, worlds, optimal, lift, verdict,
importance, arrays and auto-apply, simulation, warnings, hostile, action-cache and soak run only if named, auto-apply
for hours. With --details it also prints where the time goes; --json FILE names the file. hostile and action-cache
make --calls N calls from --seed N; soak sends its load for --minutes N. Exit code 0: all was measured, whether goals
are met or not, but those of hostile and action-cache; 1: one of these is missed, or something could not be measured;
2: set-up failed."""
PACKAGE = """Builds the folder that goes to Azure: the app's modules, its packages as the lock file has them, as wheels
for the platform that the functions run on, and all modules compiled, so that nothing has to be built there. Once
complete, it takes the place of the one that was built before; any other folder is left alone. The same files give the
same folder and the same ZIP file, but for the id of the package: each build has one of its own, which the app tells
once it is deployed. Needs npm for the libraries of the page, and no Azurite. Exit code 0: it is there; 2: it could not
be built."""
WHEEL = """Builds the package rankloop as a wheel, one for all platforms: the app with its page, what serves it on one
machine, and the command rankloop, which has the commands of a loop's user. The packages that it needs are pinned as in
the lock file. The same files give the same wheel. Needs npm for the libraries of the page. Exit code 0: it is there; 2:
it could not be built."""
SMOKE = """Asks a deployed loop for a Rank, gives it a Reward, and waits for a run of its trainer. Nothing is learned
from that. Waits up to five minutes until the loop is ready and takes the key; then as long until the package that was
deployed gives ten answers in a row, if --package names it or azd has deployed it; and for the trainer until three
minutes after the time that its schedule names, unless that is more than 15 minutes ahead. The key comes from the
variable RANKLOOP_KEY; where azd's values are in the environment, as in its hooks, and --endpoint is not given, from
Key Vault; then it also has the app read its references to Key Vault again, once, if the app says that they were not
resolved. Exit code 0: it works; 1: it does not; 2: it cannot be checked; 130: it was interrupted."""
AZD = """What azure.yaml has azd run: preprovision finds out whether Azure still keeps a deleted Key Vault of this
environment, which is then recovered with its keys; predeploy waits, at most seven minutes, until roles on storage that
were just given have an effect; predown says what azd down deletes, and asks. Exit code 2: azd has not started it, it
could not find out, or the roles have no effect yet."""
STATUS = """Asks a running loop whether it learns and why, what it earns against always the first action, when its next
model comes, and what to look at; prints it in short lines. Reads the loop that up serves on this machine, or the one
at an address, with the key that is in the variable RANKLOOP_KEY. Exit code 0: it is printed; 2: the loop cannot be
read."""
METRICS = """Asks a running loop what it earned an event in the last day, beside what always the first action and random
ones would have earned, each with an interval and how many events say so; prints a table. Reads the loop that up serves
on this machine, or the one at an address, with the key that is in the variable RANKLOOP_KEY. Exit code 0: it is
printed; 2: the loop cannot be read."""
EVENT = """Asks a running loop what became of an event: when and how it was ranked, what was shown, which rewards came
and count, whether it is learned, what would be shown now and why. The log is searched from its end, or around the time
that --at names. Reads the loop that up serves on this machine, or the one at an address, with the key that is in the
variable RANKLOOP_KEY. Exit code 0: it is printed; 1: nothing of such an event is there; 2: the loop cannot be read."""
LOOP = """Lists, makes and deletes the loops of a deployment: the one that up serves on this machine, or the one at an
address, with a key of the deployment in the variable RANKLOOP_KEY. A loop is called at the deployment's address with
the loop's name behind it. Exit code 0: it is done; 2: it is not, and the text says why."""
KEY = """Lists, makes, rotates and revokes the keys of a loop: of the one that up serves on this machine, or of the one
at an address, which ends in the loop's name unless that is default. A key of the deployment, or one of the loop with
the role admin, is in the variable RANKLOOP_KEY. A new key is printed once, and nothing ever tells it again. Exit code
0: it is done; 2: it is not, and the text says why."""
