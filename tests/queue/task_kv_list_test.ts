import { TaskKvList } from "../../queue/task_kv_list.ts";
import { contractSuite } from "./task_list_contract.ts";
contractSuite("TaskKvList in memory:", (options) => TaskKvList.open(":memory:", options));
