import type { DriverPorts } from "../download/protocols/make_drivers.ts";
import type { AnswerTo, WorkerQuestion } from "./proc_messages.ts";

/**
 * What drivers ask, as questions to the main thread.
 *
 * @param ask Asks it.
 */
export function driverQuestions(
  ask: <Q extends WorkerQuestion>(question: Q) => Promise<AnswerTo<Q>>,
): Pick<DriverPorts, "ssh" | "s3"> {
  return {
    ssh: {
      access: (question) => ask({ type: "ssh", question }),
      trust: async (line) => {
        const answer = await ask({ type: "trust", line });
        return answer.type === "problem" ? answer.message : undefined;
      },
    },
    s3: { access: () => ask({ type: "s3" }) },
  };
}
