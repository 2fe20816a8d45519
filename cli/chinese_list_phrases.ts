/** What the command line says of the list and of files of tasks; see `CHINESE_PHRASES`. */
export const CHINESE_LIST_PHRASES: readonly (readonly [english: string, chinese: string])[] = [
  // Lines about the list.
  ["{} tasks added, {} known already", "新增 {} 个任务，{} 个已在列表中"],
  ["{} added, {} known already, {} refused", "新增 {} 个，{} 个已在列表中，拒绝 {} 个"],
  ["{} added, {} changed, {} known already, {} refused", "新增 {} 个，更改 {} 个，{} 个已在列表中，拒绝 {} 个"],
  ["{} tasks changed, as their entries did", "{} 个任务随条目更改"],
  ["{}: {} tasks canceled that it does not name any more, {} back", "{}：取消了不再列出的 {} 个任务，{} 个回来了"],
  ["{} tasks forgotten that were settled long ago", "忘记了早已结束的 {} 个任务"],
  [
    "{} tasks of a process that is dead or stands still went back to the list",
    "一个已死或停住的进程的 {} 个任务放回了列表",
  ],
  [
    "{} record of the task list cannot be read and is set aside: {}; corehaul remove KEY takes one off the list",
    "列表里有 {} 条记录读不出来，已搁置：{}；corehaul remove KEY 把它从列表里删掉",
  ],
  [
    "{} records of the task list cannot be read and are set aside: {}; corehaul remove KEY takes one off the list",
    "列表里有 {} 条记录读不出来，已搁置：{}；corehaul remove KEY 把它从列表里删掉",
  ],
  [
    "This process may open {} files (ulimit -n): {} worker has {} downloads at a time each, instead of {} with {}",
    "本进程只能打开 {} 个文件（ulimit -n）：{} 个工作线程，每个同时下载 {} 个，而不是 {} 个、每个 {} 个",
  ],
  [
    "This process may open {} files (ulimit -n): {} workers have {} downloads at a time each, instead of {} with {}",
    "本进程只能打开 {} 个文件（ulimit -n）：{} 个工作线程，每个同时下载 {} 个，而不是 {} 个、每个 {} 个",
  ],
  [
    "This process may open {} files (ulimit -n): {} worker has {} download at a time each, instead of {} with {}",
    "本进程只能打开 {} 个文件（ulimit -n）：{} 个工作线程，每个同时下载 {} 个，而不是 {} 个、每个 {} 个",
  ],
  [
    "There has been no permission to write for {} s: what is waiting stays on the list (--disk-wait)",
    "已有 {} 秒没有写权限：等待的任务留在列表中（--disk-wait）",
  ],
  [
    "{} is a file: write -i {} for the URLs in it, or {} for the host of that name",
    "{} 是一个文件：写 -i {} 取其中的 URL，或写 {} 表示同名的主机",
  ],
  ["run takes no URL: write corehaul get{} URL", "run 不接受 URL：请写 corehaul get{} URL"],
  [
    "{*}: write corehaul get URL, or corehaul get -i FILE for a file with URLs in it",
    "{*}：请写 corehaul get URL；文件里有 URL 时写 corehaul get -i FILE",
  ],
  [
    "Cannot print completions as SHELL must be one of {}: current value is {}",
    "不能打印补全脚本：SHELL 必须是 {} 之一，现在的值是 {}",
  ],
  ["Cannot print completions as SHELL must be one of {}", "不能打印补全脚本：SHELL 必须是 {} 之一"],
  ["{}: No space left for its {} bytes: {}", "{}：空间不足以放下它的 {} 字节：{}"],
  ["{}: No space left for its more than {} bytes: {}", "{}：空间不足以放下它超过 {} 的字节：{}"],
  ["{}: No space left for its {}: {}", "{}：空间不足以放下 {}：{}"],
  [
    "Cannot fetch the url as its {} must be percent-encoded, % as %25: current value is {}",
    "不能下载这个 URL：其中的 {} 必须用百分号编码，% 写作 %25，现在的值是 {}",
  ],
  [
    "Cannot fetch the url as its {} must have no control characters in it: current value is {}",
    "不能下载这个 URL：其中的 {} 不能有控制字符，现在的值是 {}",
  ],
  ["{} tasks that are done are asked for again", "重新询问 {} 个已完成的任务"],
  [
    "A dead process left {} whole files, which have their names now, and {} unfinished ones, which are gone",
    "一个已死进程留下 {} 个完整的文件，现在已有正式名字；{} 个未完成的文件已删除",
  ],
  ["{}: {} entries", "{}：{} 个条目"],
  ["{}: there is no such task file yet", "{}：还没有这个任务文件"],
  ["{}entry {} is not taken: {*}", "{}第 {} 个条目不采用：{*}"],
  ["an entry is not taken: {*}", "有一个条目不采用：{*}"],
  ["{}the task file is not valid: {*}", "{}任务文件无效：{*}"],
  ["ignored, as no field of a task is meant: {}", "忽略，因为不是任务的字段：{}"],
  ["{} of {} files has a checksum{}", "{} / {} 个文件有校验和{}"],
  ["{} of {} files have a checksum{}", "{} / {} 个文件有校验和{}"],
  ["{} goes on at {}", "{} 改用 {}"],
];
