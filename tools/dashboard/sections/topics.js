// The topics of the store, and who subscribes to them.

import { recordRates, SUBSCRIBERS, topicTable } from "../columns.js";
import { visible } from "../format.js";
import { openMessages } from "../messages.js";
import { Table } from "../table.js";
import { heading, place } from "./parts.js";

export const topics = {
  id: "topics",
  title: "Topics",
  make(panel, page) {
    const [forTopics, forSubscribers] = ["topics", "subscribers"].map(place);
    panel.append(
      heading("Topics"),
      forTopics,
      heading("Subscribers", "slowest first"),
      forSubscribers,
    );
    const table = new Table(forTopics, topicTable(({ topic }) => showMessages(page, topic)));
    const subscriberTable = new Table(forSubscribers, SUBSCRIBERS);
    return {
      show(now) {
        recordRates(now.topics);
        table.show(now.topics, now.totals.topics);
        subscriberTable.show(now.subscribers, now.totals.subscribers);
      },
    };
  },
};

function showMessages(page, topic) {
  openMessages(page, {
    title: `Messages of ${topic}`,
    path: `/topic_messages?${new URLSearchParams({ topic })}`,
    action: {
      verb: "Clear",
      question: `Delete all messages of the topic ${visible(topic)} for good?`,
      path: "/topic_clear",
      members: { topic },
    },
  });
}
