import { settingsFromOptions } from "../../app/downloader_options.ts";
import { FolderLister } from "../../app/folder_lister.ts";
import { WorkerAnswers } from "../../app/worker_answers.ts";
import { ANONYMOUS } from "../../download/http_identity.ts";

/** Looks into folders as a downloader with nothing but defaults does. */
export function testFolders(): FolderLister {
  const settings = settingsFromOptions({});
  return new FolderLister({ settings, identity: () => ANONYMOUS, answers: new WorkerAnswers(settings) });
}
