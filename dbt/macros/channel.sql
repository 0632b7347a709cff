{#- GA4's default channel group of a session, without the lists of sites: a search engine, a social network or a video site is
    told by the best known names only. Placeholders are NULL here (known()), so an unknown source is Unassigned. -#}
{% macro channel(source, medium, campaign) -%}
    {%- set paid = "regexp_contains(" ~ medium ~ ", r'^(.*cp.*|ppc|retargeting|paid.*)$')" -%}
    {%- set search = "regexp_contains(" ~ source ~ ", r'google|bing|yahoo|duckduckgo|baidu|yandex|ecosia|naver|sogou|qwant')" -%}
    {%- set social = "regexp_contains(" ~ source ~ ", r'facebook|instagram|^fb$|^ig$|twitter|^t\\.co$|linkedin|lnkd|pinterest|reddit|tiktok|snapchat|vk\\.com|weibo')" -%}
    {%- set video = "regexp_contains(" ~ source ~ ", r'youtube|vimeo|twitch|dailymotion|netflix|hulu')" -%}
    {%- set shopping = "regexp_contains(" ~ campaign ~ ", r'^(.*(([^a-df-z]|^)shop|shopping).*)$')" -%}
    case
        when {{ source }} = '(direct)' and coalesce({{ medium }}, '(none)') = '(none)' then 'Direct'
        when regexp_contains({{ campaign }}, r'cross-network') then 'Cross-network'
        when {{ shopping }} and {{ paid }} then 'Paid Shopping'
        when {{ search }} and {{ paid }} then 'Paid Search'
        when {{ social }} and {{ paid }} then 'Paid Social'
        when {{ video }} and {{ paid }} then 'Paid Video'
        when {{ medium }} in ('display', 'banner', 'expandable', 'interstitial', 'cpm') then 'Display'
        when {{ paid }} then 'Paid Other'
        when {{ shopping }} then 'Organic Shopping'
        when {{ social }} or {{ medium }} in ('social', 'social-network', 'social-media', 'sm', 'social network', 'social media')
            then 'Organic Social'
        when {{ video }} or regexp_contains({{ medium }}, r'video') then 'Organic Video'
        when {{ medium }} = 'organic' then 'Organic Search'
        when regexp_contains({{ source }}, r'^e[-_ ]?mail$') or regexp_contains({{ medium }}, r'^e[-_ ]?mail$') then 'Email'
        when {{ medium }} = 'affiliate' then 'Affiliates'
        when {{ medium }} in ('referral', 'app', 'link') then 'Referral'
        when {{ medium }} = 'audio' then 'Audio'
        when {{ source }} = 'sms' or {{ medium }} = 'sms' then 'SMS'
        when regexp_contains({{ medium }}, r'push$|mobile|notification') or {{ source }} = 'firebase' then 'Mobile Push Notifications'
        else 'Unassigned'
    end
{%- endmacro %}
