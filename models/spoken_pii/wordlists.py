"""Words that templates are filled with, and common names beside the long lists of the product."""

ORDINALS = (
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth "
    "fifteenth sixteenth seventeenth eighteenth nineteenth twentieth twenty-first twenty-second twenty-third "
    "twenty-fourth twenty-fifth twenty-sixth twenty-seventh twenty-eighth twenty-ninth thirtieth thirty-first"
).split()
# What most people are called, and names that are everyday words: the lists hold each name once.
COMMON_GIVEN = (
    "james john robert michael david william richard thomas charles daniel matthew anthony mark paul steven "
    "andrew kevin brian george edward jason ryan jacob gary eric stephen justin scott brandon ben samuel "
    "frank greg patrick jack dennis jerry tyler adam henry nathan peter zach kyle ethan luke simon oliver "
    "harry mary patricia jennifer linda elizabeth barbara susan jessica sarah karen lisa nancy betty sandra "
    "ashley emily kim donna michelle carol amanda melissa deborah stephanie rebecca laura cynthia amy angela "
    "helen anna ruth emma olivia sophia chloe lucy katie jane claire julie diane alice maria sofia carlos "
    "jose juan luis miguel ahmed mohammed ali fatima aisha omar hassan priya raj anil sunita deepak wei ming "
    "li chen yuki hiroshi kenji ivan olga natasha pierre marie hans klaus giulia marco ana joao tom tim joe "
    "bob sam dan matt mike dave steve liz sue ann will grace rose faith hope joy dawn april june may summer "
    "jack art rich drew chase grant bill pat rob nick chip dean duke earl ray lance miles penny ruby ivy "
    "violet heather hazel olive iris robin jay skip bud gene hunter mason parker carter cole reed rusty sandy "
    "sunny terry chuck chance harmony trinity"
).split()
COMMON_FAMILY = (
    "smith johnson williams brown jones garcia miller davis rodriguez martinez hernandez lopez wilson "
    "anderson thomas taylor moore jackson martin lee perez thompson white harris sanchez clark ramirez lewis "
    "robinson walker young allen king wright scott torres nguyen hill flores green adams nelson baker hall "
    "rivera campbell mitchell carter roberts patel khan singh kumar sharma ali ahmed hussain begum wang li "
    "zhang chen liu yang kim park choi tanaka suzuki sato mueller schmidt weber fischer rossi russo ferrari "
    "silva santos pereira kowalski nowak ivanov petrov murphy kelly o'brien o'connor byrne ryan walsh "
    "macdonald stewart fraser evans hughes okafor adeyemi mensah banks price fields marsh winter woods stone "
    "rivers brooks day long short cook page church bell ford wood hunt bishop rice knight fox wolf bird frost "
    "snow rain pope best case chance cross love nice sharp strong swift good noble rich small little bush "
    "field lane street street parsons law moon may waters west east north sands steel"
).split()
COMMON_PLACES = (
    "london|paris|berlin|madrid|rome|new york|chicago|boston|seattle|denver|dallas|houston|austin|miami|"
    "atlanta|phoenix|san diego|san francisco|los angeles|las vegas|toronto|vancouver|montreal|sydney|"
    "melbourne|dublin|cork|edinburgh|glasgow|manchester|liverpool|leeds|bristol|birmingham|reading|bath|"
    "oxford|cambridge|york|spain|france|italy|germany|poland|india|china|japan|mexico|canada|turkey|jordan|"
    "florida|texas|california|ohio|georgia|virginia|washington|mobile|orange|buffalo|nice|delhi|mumbai|lagos|"
    "nairobi|cairo|istanbul|athens|lisbon|vienna|prague|warsaw|hamburg|munich|cologne|milan|naples|hong kong|"
    "singapore|tokyo"
).split("|")
COMMON = 0.25  # share of names and places that are drawn from these
STREET_TYPES = (
    "street street street street avenue avenue avenue road road road lane lane drive drive court boulevard "
    "way place terrace crescent close grove hill row square gardens parade circle trail walk mews rise view"
).split()
STREETS = (
    "oak maple cedar elm pine hill lake river park church mill high main king queen victoria station bridge "
    "garden forest sunset highland franklin lincoln jefferson orchard meadow willow chestnut walnut spring "
    "school market castle abbey grove manor prospect union liberty north south second third fifth old water "
    "canal ferry chapel quarry harbour mountain valley cherry birch ash hazel poplar rose primrose ivy holly "
    "fox deer eagle falcon swan heron beaver rabbit raven pebble sandy stony golden silver crystal clear "
    "summer winter temple college hospital railway industrial commerce mason cooper potter fisher miller "
    "baker saint washington madison jackson monroe kensington windsor albert george william charlotte"
).split()
WORDS = (
    "sunshine dragon purple banana monkey tiger guitar winter summer coffee cookie pepper ginger biscuit "
    "rocket thunder shadow silver diamond falcon mountain river ocean butterfly rainbow cherry lemon peanut "
    "muffin football hockey chess castle wizard unicorn penguin panda hamster rabbit lucky happy blue green "
    "red orange apple mango pickle noodle waffle bubbles smokey buster daisy tinker marble copper maple cedar "
    "velvet crimson galaxy comet meteor planet saturn jupiter trumpet violin piano drummer sailor captain "
    "pirate anchor harbor garden tulip orchid jasmine clover willow meadow hollow bridge tunnel window ladder "
    "hammer bucket teapot kettle pancake doughnut sausage cactus desert canyon glacier volcano island"
).split()
COMPANIES = (
    "acme telecom|northern bank|city clinic|the support team|blue insurance|harbor energy|customer care|"
    "first credit union|green power|the help desk|sunrise airlines|metro water|prime mobile|value motors|"
    "the dental practice|united couriers|home and garden|crown hotels|fresh market|swift rentals|"
    "the housing office|clear broadband|the billing department|bright electric|coastal bank|summit insurance|"
    "the surgery|parcel point|the front desk|capital finance|westside pharmacy|the warranty department|"
    "silverline|amazon|netflix|google|walmart"
).split("|")
PRODUCTS = (
    "router|laptop|washing machine|blue jacket|kettle|headphones|office chair|printer|tablet|desk lamp|"
    "vacuum cleaner|phone case|running shoes|coffee machine|air fryer|mattress|garden hose|bookshelf|camera|"
    "monitor"
).split("|")
FOODS = (
    "milk|eggs|a large pepperoni pizza|oat milk|bananas|bread|two lattes|chicken soup|rice|cheddar cheese|"
    "green tea|a cheeseburger|fish and chips|orange juice|pasta|tomatoes|yoghurt|a turkey sandwich|ice cream|"
    "onions"
).split("|")
SONGS = (
    "some jazz|relaxing music|the morning mix|rain sounds|classic rock|that new album|my workout playlist|"
    "the news|a podcast about history|christmas songs|lullabies|summer hits|slow piano|dance music|"
    "country radio"
).split("|")
DEVICES = (
    "kitchen light|bedroom lamp|heating|television|fan|thermostat|garage door|hallway lights|speaker|oven|"
    "dishwasher|front door lock|air conditioning|porch light|coffee maker|robot vacuum|blinds|radio|alarm|"
    "heater"
).split("|")
WEATHER = "rain snow sun wind fog thunder ice hail heat frost".split()
DAYS = "monday tuesday wednesday thursday friday saturday sunday".split()
