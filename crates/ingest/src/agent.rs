//! Human or machine, by what a request says of itself.
//!
//! Privacy proxies fetch every picture whether or not anybody looks, and scanners follow every link
//! before the mail is delivered; taken for people, they would be most of the engagement there is.
//! The proxies of Gmail and Yahoo are people: they fetch when a mail is opened. What calls itself a
//! browser and is none is told apart by its haste, where the time of delivery is known.

use aftercart_model::Agent;

/// Apple's privacy proxy says this and nothing more.
const APPLE_PROXY: &str = "Mozilla/5.0";

/// Longer than any browser's; what is longer is not read on.
const LENGTH_MAX: usize = 1_024;

/// Names in what machines say of themselves, in lower case.
const MACHINES: [&str; 48] = [
    // Anything that says outright what it is.
    "bot/",
    "bot-",
    "bot;",
    "bot (",
    "twitterbot",
    "crawl",
    "spider",
    "scanner",
    "scanning",
    "preview",
    "monitor",
    "validator",
    "headless",
    "phantomjs",
    "facebookexternalhit",
    "slack-imgproxy",
    "whatsapp/",
    // What protects mailboxes.
    "barracuda",
    "mimecast",
    "proofpoint",
    "symantec",
    "messagelabs",
    "forcepoint",
    "fireeye",
    "trendmicro",
    "sophos",
    "cloudmark",
    "safelinks",
    "urldefense",
    "microsoft office existence discovery",
    "microsoft office protocol discovery",
    // Programs.
    "curl/",
    "wget/",
    "python-",
    "python/",
    "aiohttp",
    "go-http-client",
    "java/",
    "apache-httpclient",
    "okhttp/",
    "libwww",
    "lwp::",
    "axios/",
    "node-fetch",
    "undici",
    "guzzlehttp",
    "winhttp",
    "httpie/",
];

/// Who opened or clicked, by the `User-Agent` of the request. Who says nothing is a machine: every
/// browser and mail program says something.
pub fn of(user_agent: Option<&str>) -> Agent {
    let said = user_agent.map(str::trim).unwrap_or_default();
    if said.is_empty() || said == APPLE_PROXY || said.len() > LENGTH_MAX {
        return Agent::Machine;
    }
    let said = said.to_ascii_lowercase();
    let is_machine = said.ends_with("bot") || MACHINES.iter().any(|it| said.contains(it));
    if is_machine { Agent::Machine } else { Agent::Human }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn people_read_with_browsers_and_mail_programs() {
        for said in [
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15",
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
            "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Thunderbird/128.4.0",
            "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 10.0; WOW64; Trident/7.0; Microsoft Outlook 16.0.17928)",
            "Outlook-iOS/709.2226530.prod.iphone (3.24.0)",
            // A phone whose maker ends in what robots are called.
            "Mozilla/5.0 (Linux; Android 13; CUBOT X70) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36",
            // Fetched when the mail is opened.
            "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
            "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html",
        ] {
            assert_eq!(of(Some(said)), Agent::Human, "{said}");
        }
    }

    #[test]
    fn machines_say_what_they_are_or_nothing() {
        assert_eq!(of(None), Agent::Machine, "no word at all");
        for (said, what) in [
            ("", "nothing"),
            ("  ", "blanks"),
            ("Mozilla/5.0", "Apple's privacy proxy"),
            ("curl/8.11.0", "a command"),
            ("Wget/1.21.4", "a command"),
            ("python-requests/2.32.3", "a program"),
            ("Go-http-client/2.0", "a program"),
            ("Apache-HttpClient/4.5.14 (Java/17.0.9)", "a program"),
            (
                "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
                "a crawler",
            ),
            ("Mozilla/5.0 (compatible; bingbot/2.0)", "a crawler"),
            ("Mozilla/5.0 (Windows NT 10.0) BingPreview/1.0b", "a preview"),
            ("Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)", "a preview"),
            ("facebookexternalhit/1.1", "a preview"),
            ("TelegramBot (like TwitterBot)", "a preview"),
            ("Twitterbot", "a preview"),
            ("Mozilla/5.0 (compatible; Barracuda Sentinel)", "a scanner"),
            ("Mozilla/5.0 (Windows NT 6.1) Proofpoint URL Defense", "a scanner"),
            ("Microsoft Office Existence Discovery", "a scanner"),
            ("Mozilla/5.0 (X11; Linux x86_64) HeadlessChrome/142.0.0.0 Safari/537.36", "no window"),
        ] {
            assert_eq!(of(Some(said)), Agent::Machine, "{what}: {said}");
        }
        assert_eq!(of(Some(&"Mozilla/5.0 (a) ".repeat(100))), Agent::Machine, "longer than any");
    }

    proptest! {
        #[test]
        fn case_does_not_matter(said in "[A-Za-z/0-9 .;()-]{0,40}") {
            prop_assume!(said.trim() != APPLE_PROXY && !said.eq_ignore_ascii_case(APPLE_PROXY));
            prop_assert_eq!(of(Some(&said)), of(Some(&said.to_ascii_uppercase())));
        }
    }
}
