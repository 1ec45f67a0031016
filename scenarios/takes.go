package scenarios

import (
	"fmt"
	"strings"
)

// TakesBrokerSetting is nil if a cluster's config may have a broker setting with
// this value, and otherwise says why not. What settings have to do with each other is
// not looked at.
func TakesBrokerSetting(name, value string) error {
	config, topics := defaultBrokerConfig(), defaultTopicConfig()
	rules := append(brokerRules(&config), topicDefaultRules(nil, &topics)...)
	return takes(brokerPlace, rules, name, value)
}

// TakesTopicSetting is the same for a topic's config.
func TakesTopicSetting(name, value string) error {
	config := defaultTopicConfig()
	return takes(topicPlace, topicRules(&config), name, value)
}

func takes(place settingPlace, rules []settingRule, name, value string) error {
	rule, ok := ruleNamed(rules, name)
	if !ok {
		return fmt.Errorf("scenarios: %s", unusedSetting(place, name, rules))
	}
	if err := rule.set(strings.TrimSpace(value)); err != nil {
		return fmt.Errorf("scenarios: %s: %w", name, err)
	}
	return nil
}
