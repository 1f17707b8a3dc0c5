"""The product under simulated time and simulated storage: thousands of schedules of calls, faults and deaths an hour.

All of it follows from seeds and from nothing else, so that what a schedule shows can be shown again. One piece of code
runs at a time; it gives way to others wherever it waits:

    world = World(Seeded(7, {Kind.LOST_ANSWER: 0.02, Kind.DEATH: 0.001}))
    with world.active():
        instance, trainer = world.process("instance"), world.process("trainer")
        answer = instance.start(intake.append_event(event, shards))  # a coroutine, which goes on as time passes
        run = trainer.begin(Trainings().run, Event())                # blocking code, likewise
        world.clock.sleep(60)                                        # all that happens within a minute
        state = world.process("reader").call(lease.read_state)       # blocking code, to its end

* `storage.py`: what Azure's Blob, Table and Queue storage answer, as a model in memory;
* `clients.py`: the model behind the clients that the product speaks to: `Rest`, and the storage SDKs' as far as used;
* `faults.py`: what may go wrong with a request, decided by a seed;
* `virtual_time.py`, `fibers.py`: the clock, and the event loops and the blocking code that wait by it;
* `world.py`: the processes of a simulation, and the seam at which the product gets time and storage from it;
* `chained_learner.py`: a learner whose model is a chain of hashes, a thousand times as fast as Vowpal Wabbit;
* `plan.py`: what a seed decides before a schedule begins;
* `schedule.py`, `traffic.py`, `changes.py`: clients, instances, trainers, and those who change one loop from outside;
* `given_models.py`: models that the trainer has not made: imported ones, and those of evaluations that are applied;
* `outcome.py`, `lineage.py`, `checks.py`: what came of it, what its models were made of, and what must be true of both;
* `shrinking.py`, `__main__.py`: `python -m tests.simulation SEED` runs a schedule again and shows what is wrong by as
  little as is needed;
* `seeds.py`, `worker.py`: the schedules of the test run, and those of `python3 dev.py bench simulation`.

An error that the product did not expect fails the simulation, even where the product records it and goes on.

`test_storage_model.py` compares the model with Azurite, operation by operation.
"""
