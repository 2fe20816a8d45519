"""The system that Corehaul descends from, as it is described: the reference that the bench compares with.

usage: download_system.py [CFG_CPU_THRESHOLD] --tasks FILE --dir DIR [--concurrency N]

A process on the first core (`proc_config`) puts the tasks of a JSON file on a `multiprocessing.Manager().list()`. One
process on each other core (`proc_worker`) marks the first task with its core, confirms that by taking it off the list, and
downloads it with aiohttp, many at a time, while its core is less busy than the threshold. With one core, that core has
both. The original runs until it is stopped; this ends when the list is empty.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
from urllib.parse import unquote, urlsplit

import aiohttp
import psutil

CHUNK_BYTES = 64 * 1024
LOOK_SECONDS = 0.1
RETRIES = 3


def proc_bind_to_cpu(core):
    psutil.Process().cpu_affinity([core])


def proc_config(core, path, task_shared_list, task_all_added):
    proc_bind_to_cpu(core)
    with open(path, encoding="utf-8") as file:
        for entry in json.load(file):
            task_shared_list.append({"url": entry["url"], "status": None})
    task_all_added.set()


def task_claim(core, task_shared_list):
    """Marks the first task with the core, then confirms by taking it: the last one to mark wins."""
    try:
        task = task_shared_list[0]
        task["status"] = core
        task_shared_list[0] = task
        return task_shared_list.pop(0)
    except IndexError:
        return None


async def proc_download_core(session, task, folder):
    name = unquote(urlsplit(task["url"]).path.rsplit("/", 1)[-1])
    for attempt in range(1 + RETRIES):
        try:
            async with session.get(task["url"]) as response:
                response.raise_for_status()
                with open(os.path.join(folder, name), "wb") as file:
                    async for chunk in response.content.iter_chunked(CHUNK_BYTES):
                        file.write(chunk)
            return True
        except (aiohttp.ClientError, asyncio.TimeoutError, OSError) as error:
            if attempt == RETRIES:
                print(f"{task['url']}: {error}", flush=True)
    return False


async def work(core, task_shared_list, task_all_added, options):
    failed = 0
    running = set()
    psutil.cpu_percent(percpu=True)
    loop = asyncio.get_running_loop()
    look_at, busy = loop.time() + LOOK_SECONDS, False
    connector = aiohttp.TCPConnector(limit=options.concurrency)
    async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=None)) as session:
        while True:
            if loop.time() >= look_at:
                look_at = loop.time() + LOOK_SECONDS
                busy = psutil.cpu_percent(percpu=True)[core] > options.cfg_cpu_threshold
            # Taken before the look at the list: whatever was added before it is seen.
            complete = task_all_added.is_set()
            full = len(running) >= options.concurrency or (busy and running)
            task = None if full else task_claim(core, task_shared_list)
            if task is not None:
                running.add(asyncio.create_task(proc_download_core(session, task, options.dir)))
                await asyncio.sleep(0)
            elif running:
                await asyncio.wait(running, timeout=LOOK_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            elif complete:
                return failed
            else:
                await asyncio.sleep(0.01)
            for download in [download for download in running if download.done()]:
                running.discard(download)
                failed += not download.result()


def proc_worker(core, task_shared_list, task_all_added, options, failures):
    proc_bind_to_cpu(core)
    failed = asyncio.run(work(core, task_shared_list, task_all_added, options))
    with failures.get_lock():
        failures.value += failed


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("cfg_cpu_threshold", nargs="?", type=int, default=90)
    parser.add_argument("--tasks", required=True)
    parser.add_argument("--dir", required=True)
    parser.add_argument("--concurrency", type=int, default=64)
    options = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    with multiprocessing.Manager() as manager:
        task_shared_list, task_all_added = manager.list(), manager.Event()
        failures = multiprocessing.Value("i", 0)
        processes = [multiprocessing.Process(
            target=proc_config, args=(cores[0], options.tasks, task_shared_list, task_all_added))]
        for core in cores[1:] or cores:
            processes.append(multiprocessing.Process(
                target=proc_worker, args=(core, task_shared_list, task_all_added, options, failures)))
        for process in processes:
            process.start()
        for process in processes:
            process.join()
        crashed = any(process.exitcode != 0 for process in processes)
    raise SystemExit(1 if crashed or failures.value else 0)


if __name__ == "__main__":
    main()
