// The topics of the store, and who subscribes to them.

import { recordRates, SUBSCRIBERS, TOPICS } from "../columns.js";
import { Table } from "../table.js";
import { heading, place } from "./parts.js";

export const topics = {
  id: "topics",
  title: "Topics",
  make(panel) {
    const [forTopics, forSubscribers] = ["topics", "subscribers"].map(place);
    panel.append(
      heading("Topics"),
      forTopics,
      heading("Subscribers", "slowest first"),
      forSubscribers,
    );
    const topicTable = new Table(forTopics, TOPICS);
    const subscriberTable = new Table(forSubscribers, SUBSCRIBERS);
    return {
      show(now) {
        recordRates(now.topics);
        topicTable.show(now.topics, now.totals.topics);
        subscriberTable.show(now.subscribers, now.totals.subscribers);
      },
    };
  },
};
