/**
 * How many machines one Redis can serve: measures on a redis-server of its own what the calls of a list cost that, and
 * simulates fleets with these costs (`bench/fleet/simulate.ts`).
 *
 * ```sh
 * deno run -A bench/simulate_fleet.ts
 * ```
 *
 * `--json` prints the numbers as JSON; `--aof` measures a server that writes each change to its disk before it answers.
 *
 * @module
 */
import { RedisServer } from "../tests/support/redis_server.ts";
import { measureServerCosts, type ServerCosts } from "./fleet/server_costs.ts";
import { type FleetOutcome, simulateFleet } from "./fleet/simulate.ts";

/** How fast machines may be: slow for large files, fast for tiny ones. */
const FLEETS = [
  { speed: 100, downloadMs: 2000 },
  { speed: 1000, downloadMs: 200 },
  { speed: 10_000, downloadMs: 10 },
];
const MACHINES = [1, 2, 4, 6, 8, 16, 32, 50, 64, 100, 200, 400, 600, 800];
/** Beyond so much more than one server can do, nothing new comes of it. */
const MOST_OFFERED = 200_000;

interface Row extends FleetOutcome {
  speed: number;
  machines: number;
  offered: number;
}

async function main(args: readonly string[]): Promise<void> {
  const costs = await measure(args.includes("--aof"));
  const rows: Row[] = [];
  for (const { speed, downloadMs } of FLEETS) {
    for (const machines of MACHINES) {
      const offered = machines * speed;
      if (offered > MOST_OFFERED) break;
      rows.push({ speed, machines, offered, ...simulateFleet({ machines, speed, downloadMs, costs }) });
    }
  }
  if (args.includes("--json")) console.log(JSON.stringify({ costs, rows }));
  else print(costs, rows);
}

async function measure(aof: boolean): Promise<ServerCosts> {
  await using server = await RedisServer.start({ aof });
  return await measureServerCosts(server);
}

function print({ add, claim, settle, heartbeat, orders }: ServerCosts, rows: readonly Row[]): void {
  const us = (value: number) => value.toFixed(1);
  console.log(
    `add ${us(add)} us a task; claim ${us(claim.call)} us and ${us(claim.task)} a task; settle ${us(settle.call)} us`,
  );
  console.log(`and ${us(settle.task)} a task; heartbeat ${us(heartbeat)} us; orders ${us(orders)} us`);
  console.log("\n| files/s of one machine | machines | files/s wanted | files/s | server busy | ms a call |");
  console.log("|---|---|---|---|---|---|");
  for (const { speed, machines, offered, filesPerSecond, busy, callMs } of rows) {
    const cells = [
      speed,
      machines,
      offered,
      Math.round(filesPerSecond),
      `${Math.round(busy * 100)} %`,
      callMs.toFixed(1),
    ];
    console.log(`| ${cells.join(" | ")} |`);
  }
}

if (import.meta.main) await main(Deno.args);
